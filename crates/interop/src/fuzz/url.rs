//! What people type.

use manywire_client::Url;

use super::Target;

pub(super) const TARGETS: &[Target] = &[Target { name: "url", about: "the URL of a server", run, seeds }];

/// What can be read is shown so that it reads the same; what cannot is explained.
fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<Url>() {
        Ok(url) => assert_eq!(url.to_string().parse::<Url>().as_ref(), Ok(&url)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let urls = Url::schemes().map(|scheme| format!("{scheme}://[::1]:1234,b:2/path").into_bytes());
    urls.chain([b"localhost:1234".to_vec(), b"http://a:1".to_vec()]).collect()
}
