//! Uploads and downloads.

use crate::pb::file_service_client::FileServiceClient;
use crate::pb::up_file_service_client::UpFileServiceClient;
use crate::pb::{FileRequest, UpFileRequest};
use futures_util::{TryStreamExt as _, stream};
use tonic::{Code, Status};

use crate::host::{Host, until};

fn piece(name: &str, content: impl Into<Vec<u8>>) -> UpFileRequest {
    UpFileRequest { name: name.into(), content: content.into().into() }
}

async fn upload(host: &Host, pieces: Vec<UpFileRequest>) -> Result<String, Status> {
    let mut files = UpFileServiceClient::new(host.channel().await);
    files.up_load(stream::iter(pieces)).await.map(|answer| answer.into_inner().state)
}

async fn download(host: &Host, name: &str) -> Result<Vec<u8>, Status> {
    let mut files = FileServiceClient::new(host.channel().await);
    let answer = files.down_load(FileRequest { name: name.into() }).await?.into_inner();
    answer
        .try_fold(Vec::new(), async |mut whole, piece| {
            assert!(piece.content.len() <= 64 << 10 && !piece.content.is_empty());
            whole.extend_from_slice(&piece.content);
            Ok(whole)
        })
        .await
}

#[tokio::test]
async fn what_was_stored_is_fetched_byte_for_byte() {
    let host = Host::start().await;
    let pattern = |length: usize| (0..length).map(|n| (n * 31 % 251) as u8).collect::<Vec<_>>();
    for length in [0, 1, 64 << 10, (64 << 10) + 1, 1 << 20, (3 << 20) + 7] {
        let bytes = pattern(length);
        let mut pieces = vec![piece("pattern", [])];
        pieces.extend(bytes.chunks(100_000).map(|chunk| piece("", chunk)));
        assert_eq!(upload(&host, pieces).await.unwrap(), "success");
        assert!(download(&host, "pattern").await.unwrap() == bytes, "{length} bytes");
    }
    assert_eq!(host.names(), ["pattern"]);
}

#[tokio::test]
async fn odd_names_are_names_and_bad_names_are_refused() {
    let host = Host::start().await;
    let long = "n".repeat(255);
    for name in ["...", "-rf", ".hidden", "名前", " ", "a\nb", &long] {
        upload(&host, vec![piece(name, name)]).await.unwrap();
        assert_eq!(download(&host, name).await.unwrap(), name.as_bytes());
    }
    let names = host.names();
    let too_long = "n".repeat(256);
    for name in ["", ".", "..", "a/b", "/etc/passwd", "../x", "a\\b", "a\0b", &too_long] {
        assert_eq!(
            upload(&host, vec![piece(name, "x")]).await.unwrap_err().code(),
            Code::InvalidArgument,
            "{name:?}"
        );
        assert_eq!(download(&host, name).await.unwrap_err().code(), Code::InvalidArgument, "{name:?}");
    }
    assert_eq!(host.names(), names);
    assert_eq!(download(&host, "absent").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn an_upload_out_of_order_leaves_nothing() {
    let host = Host::start().await;
    for pieces in [vec![], vec![piece("", "x"), piece("a", "x")], vec![piece("a", "x"), piece("b", "x")]] {
        assert_eq!(upload(&host, pieces).await.unwrap_err().code(), Code::InvalidArgument);
    }
    assert!(host.names().is_empty());
    upload(&host, vec![piece("a", "1"), piece("a", "2"), piece("", "3")]).await.unwrap();
    assert_eq!(download(&host, "a").await.unwrap(), b"123");
}

#[tokio::test]
async fn a_broken_off_upload_leaves_the_old_file() {
    let host = Host::start().await;
    upload(&host, vec![piece("a", "old")]).await.unwrap();
    let mut files = UpFileServiceClient::new(host.channel().await);
    let (send, sent) = tokio::sync::mpsc::channel(1);
    let pieces = stream::unfold(sent, |mut sent| async { sent.recv().await.map(|piece| (piece, sent)) });
    let call = tokio::spawn(async move { files.up_load(pieces).await });
    for n in 0..40 {
        send.send(piece("a", vec![n; 64 << 10])).await.unwrap();
    }
    assert_eq!(host.names(), ["a"]);
    assert_eq!(download(&host, "a").await.unwrap(), b"old");
    call.abort();
    let is_over = || {
        host.metrics
            .render()
            .contains(r#"manywire_errors_total{kind="cancelled",method="UpFileService.UpLoad""#)
    };
    until("the server hears of it", is_over).await;
    assert_eq!(download(&host, "a").await.unwrap(), b"old");
    assert_eq!(host.names(), ["a"]);
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused() {
    let host = Host::limited(|limits| limits.file_bytes = 1_000).await;
    let pieces = |last| vec![piece("a", vec![0; 999]), piece("", vec![0; last])];
    upload(&host, pieces(1)).await.unwrap();
    assert_eq!(upload(&host, pieces(2)).await.unwrap_err().code(), Code::ResourceExhausted);
    assert_eq!(download(&host, "a").await.unwrap().len(), 1_000);
}

#[tokio::test]
async fn no_link_leads_out_of_the_directory() {
    let host = Host::start().await;
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(outside.path(), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path(), host.data().join("link")).unwrap();
    std::fs::create_dir(host.data().join("folder")).unwrap();
    for name in ["link", "folder"] {
        assert_eq!(download(&host, name).await.unwrap_err().code(), Code::NotFound, "{name}");
    }
    assert_eq!(upload(&host, vec![piece("folder", "x")]).await.unwrap_err().code(), Code::InvalidArgument);
    // An upload replaces the link, never what it points to.
    upload(&host, vec![piece("link", "mine")]).await.unwrap();
    assert_eq!(std::fs::read(outside.path()).unwrap(), b"secret");
    assert_eq!(host.names(), ["folder", "link"]);
}

#[tokio::test]
async fn uploads_of_one_name_never_mix() {
    let host = Host::start().await;
    let of = |byte: u8| (0..50).map(|_| piece("same", vec![byte; 50_000])).collect::<Vec<_>>();
    let uploads = futures_util::future::join_all((0..8).map(|byte| upload(&host, of(byte))));
    assert!(uploads.await.iter().all(Result::is_ok));
    let whole = download(&host, "same").await.unwrap();
    assert!(whole.len() == 2_500_000 && whole.iter().all(|byte| *byte == whole[0]));
    assert_eq!(host.names(), ["same"]);
}
