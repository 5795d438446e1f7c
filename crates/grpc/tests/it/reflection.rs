//! Reflection as the protocol has it: whatever is asked for, the stream goes on.

use crate::pb::UserRequest;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use futures_util::{TryStreamExt as _, stream};
use prost::Message as _;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ExtensionRequest, ServerReflectionRequest};

use crate::host::Host;
use crate::peer::{Peer, frame};

/// Asks everything on one stream.
async fn ask(host: &Host, questions: Vec<Option<MessageRequest>>) -> Vec<MessageResponse> {
    let mut client = ServerReflectionClient::new(host.channel().await);
    let request = |message_request| ServerReflectionRequest { host: "any".into(), message_request };
    let questions: Vec<_> = questions.into_iter().map(request).collect();
    let answers = client.server_reflection_info(stream::iter(questions.clone())).await.unwrap();
    let answers: Vec<_> = answers.into_inner().try_collect().await.unwrap();
    assert_eq!(answers.len(), questions.len());
    let whole = answers.into_iter().zip(questions).map(|(answer, question)| {
        assert_eq!((answer.valid_host.as_str(), answer.original_request), ("any", Some(question)));
        answer.message_response.unwrap()
    });
    whole.collect()
}

/// The names of the files in an answer.
fn files(answer: &MessageResponse) -> Vec<String> {
    let MessageResponse::FileDescriptorResponse(files) = answer else { panic!("{answer:?}") };
    let name =
        |file: &Vec<u8>| prost_types::FileDescriptorProto::decode(&file[..]).unwrap().name().to_owned();
    files.file_descriptor_proto.iter().map(name).collect()
}

#[tokio::test]
async fn every_kind_of_symbol_leads_to_its_file() {
    let host = Host::start().await;
    let symbols = [
        "TypesService",
        "TypesService.Echo",
        "AllTypes",
        "AllTypes.Nested",
        "AllTypes.Nested.text",
        "AllTypes.choice",
        "Color",
        "Color.COLOR_RED",
    ];
    let questions = symbols.map(|symbol| Some(MessageRequest::FileContainingSymbol(symbol.into())));
    for (symbol, answer) in symbols.iter().zip(ask(&host, questions.to_vec()).await) {
        assert_eq!(files(&answer), ["types.proto", "google/protobuf/any.proto", "hello.proto"], "{symbol}");
    }
    let by_name = ask(&host, vec![Some(MessageRequest::FileByFilename("hello.proto".into()))]).await;
    assert_eq!(files(&by_name[0]), ["hello.proto"]);
}

#[tokio::test]
async fn the_details_of_errors_can_be_read_by_whoever_shows_them() {
    let host = Host::start().await;
    let mut peer = Peer::connect(&host).await;
    let refused = peer.call("/UserService/GetUser", &[], frame(&UserRequest { id: 0 })).await;
    let details = BASE64_STANDARD_NO_PAD.decode(&refused.headers["grpc-status-details-bin"]).unwrap();
    let status = tonic_types::Status::decode(&details[..]).unwrap();
    // A tool asks for the types of what it was sent.
    let names = status.details.iter().map(|any| any.type_url.rsplit('/').next().unwrap());
    let names: Vec<_> = names.chain(["google.rpc.Status"]).map(ToOwned::to_owned).collect();
    assert_eq!(names, ["google.rpc.BadRequest", "google.rpc.Status"]);
    let questions = names.into_iter().map(|name| Some(MessageRequest::FileContainingSymbol(name)));
    let answers = ask(&host, questions.collect()).await;
    assert_eq!(files(&answers[0])[0], "error_details.proto");
    assert_eq!(files(&answers[1]), ["status.proto", "google/protobuf/any.proto"]);
}

#[tokio::test]
async fn what_is_not_there_is_said_and_the_stream_goes_on() {
    let host = Host::start().await;
    let extension = ExtensionRequest { containing_type: "AllTypes".into(), extension_number: 1_000 };
    let missing = [
        MessageRequest::FileContainingSymbol("Nope".into()),
        MessageRequest::FileContainingSymbol("Greeter.Nope".into()),
        MessageRequest::FileContainingSymbol("".into()),
        MessageRequest::FileByFilename("nope.proto".into()),
        MessageRequest::FileContainingExtension(extension),
        MessageRequest::AllExtensionNumbersOfType("Nope".into()),
    ];
    let mut questions: Vec<_> = missing.into_iter().map(Some).collect();
    questions.push(None);
    questions.push(Some(MessageRequest::AllExtensionNumbersOfType("AllTypes".into())));
    questions.push(Some(MessageRequest::ListServices("".into())));
    let answers = ask(&host, questions).await;
    let (errors, good) = answers.split_at(7);
    for (at, answer) in errors.iter().enumerate() {
        let MessageResponse::ErrorResponse(error) = answer else { panic!("{answer:?}") };
        assert_eq!(error.error_code, if at == 6 { 3 } else { 5 }, "{error:?}");
        assert!(!error.error_message.is_empty());
    }
    assert!(matches!(&good[0], MessageResponse::AllExtensionNumbersResponse(numbers)
        if numbers.base_type_name == "AllTypes" && numbers.extension_number.is_empty()));
    assert!(matches!(&good[1], MessageResponse::ListServicesResponse(list)
        if list.service.iter().any(|service| service.name == "Greeter")));
}
