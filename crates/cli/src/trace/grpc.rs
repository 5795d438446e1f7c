//! The messages of gRPC, which go over one stream of HTTP/2 and begin and end anywhere in its data.

/// Whether it is compressed, and its length.
const PREFIX: usize = 5;

/// How far a stream is in its messages.
#[derive(Default)]
pub(super) struct Messages {
    prefix: Vec<u8>,
    missing: usize,
}

impl Messages {
    /// Says what begins or goes on in the data of a frame.
    pub(super) fn read(&mut self, mut data: &[u8]) -> String {
        let mut said = Vec::new();
        if self.missing > 0 {
            let of_it = data.len().min(self.missing);
            said.push(format!("{of_it} of {} bytes that a gRPC message lacked", self.missing));
        }
        while !data.is_empty() {
            data = self.skip(data);
            let (prefix, rest) = data.split_at((PREFIX - self.prefix.len()).min(data.len()));
            self.prefix.extend_from_slice(prefix);
            data = rest;
            said.extend(self.begin());
        }
        match said.as_slice() {
            [] => "DATA".to_owned(),
            [one] => format!("DATA: {one}"),
            [first, .., last] => format!("DATA: {first}, and {} more, the last a {last}", said.len() - 1),
        }
    }

    /// Takes what is of the message under way off the data.
    fn skip<'d>(&mut self, data: &'d [u8]) -> &'d [u8] {
        let (of_it, rest) = data.split_at(data.len().min(self.missing));
        self.missing -= of_it.len();
        rest
    }

    /// Begins a message, once its prefix is there.
    fn begin(&mut self) -> Option<String> {
        let [compressed, a, b, c, d] = *self.prefix.first_chunk::<PREFIX>()?;
        self.prefix.clear();
        self.missing = u32::from_be_bytes([a, b, c, d]) as usize;
        let how = if compressed == 0 { "" } else { "compressed " };
        Some(format!("{how}gRPC message of {} bytes", self.missing))
    }
}
