//! HTTP/2 frames as bytes (RFC 9113 §6), for receivers that break off mid-protocol.

/// An empty SETTINGS: what a server must send first.
pub fn settings() -> Vec<u8> {
    frame(0x4, 0, 0, &[])
}

/// A SETTINGS with one parameter, such as `0x3` (concurrent streams) or `0x4` (initial window).
pub fn setting(identifier: u16, value: u32) -> Vec<u8> {
    frame(0x4, 0, 0, &[&identifier.to_be_bytes()[..], &value.to_be_bytes()].concat())
}

/// `REFUSED_STREAM` (RFC 9113 §7): it was not processed.
pub const REFUSED_STREAM: u32 = 0x7;

/// `INTERNAL_ERROR`: it may have been processed.
pub const INTERNAL_ERROR: u32 = 0x2;

/// A RST_STREAM.
pub fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(0x3, 0, stream, &code.to_be_bytes())
}

/// A GOAWAY without an error: streams after `last` were not processed.
pub fn goaway(last: u32) -> Vec<u8> {
    frame(0x7, 0, 0, &[last.to_be_bytes(), 0u32.to_be_bytes()].concat())
}

/// HEADERS that end the stream with a status of 200 (HPACK's static entry 8).
pub fn ok_head(stream: u32) -> Vec<u8> {
    const END_STREAM_AND_HEADERS: u8 = 0x1 | 0x4;
    frame(0x1, END_STREAM_AND_HEADERS, stream, &[0x88])
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("test frames are small").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
