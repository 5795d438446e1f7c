use super::*;

/// What a decoder makes of all that a peer sends.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    events: Vec<(Event, Vec<u8>)>,
    flaw: Option<Flaw>,
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let mut out = vec![first];
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length => {
            out.extend([0xFF]);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend(mask);
    let start = out.len();
    out.extend(payload);
    apply_mask(&mut out[start..], mask, 0);
    out
}

/// Decodes what comes in these pieces, each behind what was left of the one before.
fn heard<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limit: usize) -> Heard {
    let mut decoder = Decoder::new(limit);
    let (mut heard, mut waiting) = (Heard::default(), Vec::new());
    for piece in pieces {
        waiting.extend_from_slice(piece);
        let mut input = &waiting[..];
        loop {
            match decoder.decode(&mut input) {
                Ok(None) => break,
                Ok(Some(event)) => {
                    let bytes = match event {
                        Event::Message => decoder.message(),
                        _ => decoder.control(),
                    };
                    heard.events.push((event, bytes.to_vec()));
                }
                Err(flaw) => {
                    heard.flaw = Some(flaw);
                    return heard;
                }
            }
        }
        waiting = input.to_vec();
    }
    heard
}

fn whole(bytes: &[u8]) -> Heard {
    heard([bytes], 1 << 20)
}

fn flaw(frames: &[Vec<u8>]) -> Option<Flaw> {
    whole(&frames.concat()).flaw
}

#[test]
fn pieces_of_a_message_come_together_around_control_frames() {
    let bytes = [
        frame(0x01, "fr\u{e9}".as_bytes()),
        frame(0x89, b"ping"),
        frame(0x00, b""),
        frame(0x8A, b""),
        frame(0x80, "\u{1F600}".as_bytes()),
        frame(0x82, &[0xFF; 300]),
        frame(0x88, &[0x03, 0xE8, b'o', b'k']),
    ]
    .concat();
    let expected = vec![
        (Event::Ping, b"ping".to_vec()),
        (Event::Pong, vec![]),
        (Event::Message, "fr\u{e9}\u{1F600}".as_bytes().to_vec()),
        (Event::Message, vec![0xFF; 300]),
        (Event::Close(Some(1000)), vec![0x03, 0xE8, b'o', b'k']),
    ];
    assert_eq!(whole(&bytes), Heard { events: expected, flaw: None });
    // However it is cut.
    for cut in 0..bytes.len() {
        let (first, second) = bytes.split_at(cut);
        assert_eq!(heard([first, second], 1 << 20), whole(&bytes), "cut at {cut}");
    }
    assert_eq!(heard(bytes.chunks(1), 1 << 20), whole(&bytes));
}

#[test]
fn frames_out_of_order_are_refused() {
    for frames in [
        vec![frame(0x80, b"x")],
        vec![frame(0x01, b"a"), frame(0x81, b"b")],
        vec![frame(0x02, b"a"), frame(0x02, b"b")],
        vec![frame(0x81, b"a"), frame(0x80, b"b")],
        vec![vec![0x81, 0x01, b'a']],
        vec![frame(0xC1, b"a")],
        vec![frame(0x83, b"a")],
        vec![frame(0x09, b"a")],
        vec![frame(0x88, b"a")],
    ] {
        assert!(matches!(flaw(&frames), Some(Flaw::Protocol(_))), "{frames:?}");
    }
}

#[test]
fn a_close_has_a_code_that_may_be_sent_and_a_reason_in_utf8() {
    for code in 0..=6_000_u16 {
        let is_allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        let heard = whole(&frame(0x88, &code.to_be_bytes()));
        assert_eq!(heard.flaw.is_none(), is_allowed, "{code}");
    }
    assert!(matches!(flaw(&[frame(0x88, &[3])]), Some(Flaw::Protocol(_))));
    assert_eq!(flaw(&[frame(0x88, &[0x03, 0xE8, 0xC3])]), Some(Flaw::Utf8));
    assert_eq!(whole(&frame(0x88, b"")).events, [(Event::Close(None), vec![])]);
}

#[test]
fn text_that_is_not_utf8_is_refused_with_the_first_byte_that_shows_it() {
    let text = "\u{3ba}\u{e9}\u{20ac}\u{1F600} plain".as_bytes();
    for position in 0..text.len() {
        for wrong in [0xC0, 0xFF, 0x80] {
            let mut bytes = text.to_vec();
            bytes[position] = wrong;
            if str::from_utf8(&bytes).is_ok() {
                continue;
            }
            for cut in 0..=bytes.len() {
                let frames = [frame(0x01, &bytes[..cut]), frame(0x80, &bytes[cut..])];
                assert_eq!(flaw(&frames), Some(Flaw::Utf8), "{position} {wrong:#x} cut at {cut}");
            }
            // Without waiting for the end of the frame.
            let is_wrong =
                |end: &usize| str::from_utf8(&bytes[..*end]).is_err_and(|error| error.error_len().is_some());
            let Some(shown) = (0..=bytes.len()).find(is_wrong) else { continue };
            let sent = frame(0x81, &bytes);
            let header = sent.len() - bytes.len();
            assert_eq!(whole(&sent[..header + shown]).flaw, Some(Flaw::Utf8), "{position} {wrong:#x}");
        }
    }
    assert_eq!(flaw(&[frame(0x81, &[0xED, 0xA0, 0x80])]), Some(Flaw::Utf8), "a surrogate");
    assert_eq!(flaw(&[frame(0x81, &[0xF4, 0x90, 0x80, 0x80])]), Some(Flaw::Utf8), "beyond U+10FFFF");
    assert_eq!(flaw(&[frame(0x01, &[0xE2, 0x82]), frame(0x80, b"")]), Some(Flaw::Utf8), "cut short");
    assert_eq!(flaw(&[frame(0x82, &[0xFF])]), None, "bytes may be any");
}

#[test]
fn what_is_too_long_is_refused_by_its_header_alone() {
    let at_limit = [frame(0x01, &[b'x'; 60]), frame(0x00, &[b'x'; 40])].concat();
    assert_eq!(heard([&at_limit[..]], 100).flaw, None);
    assert_eq!(heard([&frame(0x81, &[b'x'; 101])[..6]], 100).flaw, Some(Flaw::TooLong(100)));
    let more = [at_limit, frame(0x80, b"x")].concat();
    assert_eq!(heard([&more[..]], 100).flaw, Some(Flaw::TooLong(100)));
    let huge = [0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4];
    assert_eq!(whole(&huge).flaw, Some(Flaw::TooLong(1 << 20)));
}

#[test]
fn an_announced_length_takes_no_memory_before_it_comes() {
    let mut decoder = Decoder::new(1 << 30);
    let header = [0x82, 0xFF, 0, 0, 0, 0, 0x3F, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4, b'x'];
    assert_eq!(decoder.decode(&mut &header[..]), Ok(None));
    assert_eq!(decoder.held(), STEP);
    decoder.decode(&mut &[b'x'; 100_000][..]).unwrap();
    assert!(decoder.held() <= 200_002);
}

/// The buffer is moved no more often than it doubles, so that a message in pieces costs what it costs in one.
#[test]
fn a_message_in_frames_of_one_byte_moves_its_buffer_a_few_times() {
    let mut decoder = Decoder::new(1 << 20);
    let mut capacities = Vec::new();
    for piece in 0..100_000 {
        let first = if piece == 0 { 0x01 } else { 0x00 };
        decoder.decode(&mut &frame(first, b"x")[..]).unwrap();
        capacities.push(decoder.held());
    }
    capacities.dedup();
    assert!(capacities.len() < 12, "{capacities:?}");
}
