//! The notes' services, called by tonic.

use std::time::Duration;

use crate::pb::chat_service_client::ChatServiceClient;
use crate::pb::greeter_client::GreeterClient;
use crate::pb::user_service_client::UserServiceClient;
use crate::pb::{HelloRequest, StreamReqData, TextRequest, UserRequest};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use manywire_http::Http2;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::host::{Host, connect, until};

#[tokio::test]
async fn greetings_follow_the_language() {
    let host = Host::start().await;
    let mut greeter = GreeterClient::new(host.channel().await);
    for (language, wanted) in [("en", "hello 世界"), ("zh-CN,zh;q=0.9", "你好,世界")] {
        let mut request = Request::new(HelloRequest { name: "世界".into() });
        request.metadata_mut().insert("accept-language", language.parse().unwrap());
        assert_eq!(greeter.say_hello(request).await.unwrap().get_ref().message, wanted);
    }
    let text = host.metrics.render();
    assert!(text.contains(r#"manywire_calls_total{method="Greeter.SayHello",wire="grpc"} 2"#), "{text}");
}

#[tokio::test]
async fn the_three_streams_run_to_their_ends() {
    let host = Host::start().await;
    let mut greeter = GreeterClient::new(host.channel().await);
    let data = |text: &str| StreamReqData { data: text.into() };

    let times = greeter.get_stream(data("")).await.unwrap().into_inner();
    let times: Vec<_> = times.try_collect().await.unwrap();
    assert_eq!(times.len(), 12);

    let sent = stream::iter((0..10_000).map(move |n| data(&n.to_string())));
    assert_eq!(greeter.put_stream(sent).await.unwrap().get_ref().data, "received 10000");

    let (speak, heard) = tokio::sync::mpsc::channel(1);
    let spoken = stream::unfold(heard, |mut heard| async { heard.recv().await.map(|m| (m, heard)) });
    let mut answers = greeter.all_stream(spoken).await.unwrap().into_inner();
    speak.send(data("I is client")).await.unwrap();
    for _ in 0..3 {
        assert_eq!(answers.next().await.unwrap().unwrap().data, "I is server");
    }
    drop(speak);
    let rest: Vec<_> = answers.try_collect().await.unwrap();
    assert!(rest.len() < 100);
}

#[tokio::test]
async fn a_chat_answers_every_message_in_turn() {
    let host = Host::start().await;
    let mut chat = ChatServiceClient::new(host.channel().await);
    let said = stream::iter((0..3).map(|_| TextRequest { message: "hi".into() }));
    let answers: Vec<_> = chat.text_chat(said).await.unwrap().into_inner().try_collect().await.unwrap();
    let texts: Vec<_> = answers.iter().map(|answer| answer.message.as_str()).collect();
    assert_eq!(
        texts,
        [
            "server send world to client!i=0",
            "server send world to client!i=1",
            "server send world to client!i=2"
        ]
    );
}

#[tokio::test]
async fn a_bad_id_is_named_in_the_details() {
    let host = Host::start().await;
    let mut users = UserServiceClient::new(host.channel().await);
    assert_eq!(users.get_user(UserRequest { id: 7 }).await.unwrap().get_ref().name, "itxiaoshen");
    let status = users.get_user(UserRequest { id: -1 }).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "id");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_no_task_behind() {
    // With ticks this long no stream ends by itself.
    let host = Host::with(|choices| choices.tick = Duration::from_secs(3_600), Http2::default()).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    // A runtime of the client's own, so that its tasks are not counted and end, sockets and all, when it is dropped.
    let client = tokio::runtime::Runtime::new().unwrap();
    let url = host.url();
    let open =
        client.spawn(async move { (open_streams(&url).await, open_streams(&url).await) }).await.unwrap();
    assert!(tasks() >= before + 60, "{}", tasks());
    client.shutdown_background();
    until("the tasks end with their client", || tasks() == before).await;
    drop(open);
    for method in ["Greeter.AllStream", "Greeter.GetStream", "ChatService.TextChat"] {
        let cancelled =
            format!(r#"manywire_errors_total{{kind="cancelled",method="{method}",wire="grpc"}} 20"#);
        let text = host.metrics.render();
        assert!(text.contains(&cancelled), "{text}");
    }
}

/// Ten streams of each kind, begun and never finished.
async fn open_streams(url: &str) -> Vec<impl Sized + use<>> {
    let channel = connect(url).await;
    let (mut greeter, mut chat) = (GreeterClient::new(channel.clone()), ChatServiceClient::new(channel));
    let mut open = Vec::new();
    for _ in 0..10 {
        let mut all = greeter.all_stream(stream::pending::<StreamReqData>()).await.unwrap().into_inner();
        all.next().await.unwrap().unwrap();
        let times = greeter.get_stream(StreamReqData::default()).await.unwrap().into_inner();
        let talk = chat.text_chat(stream::pending::<TextRequest>()).await.unwrap().into_inner();
        open.push((all, times, talk));
    }
    open
}
