//! Writes grey PNG pictures whose bytes depend on the pixels alone.
//!
//! The pixels are stored, not compressed: what a compressor makes of the same pixels may change
//! with its release. Format: PNG (ISO/IEC 15948) chunks, zlib (RFC 1950) and DEFLATE stored
//! blocks (RFC 1951).

/// A square picture of 8-bit grey values. One stored block holds it, so below 65,536 bytes.
pub fn grey(side: usize, pixels: &[u8]) -> Vec<u8> {
    let side_bytes = (side as u32).to_be_bytes();
    let header = [&side_bytes[..], &side_bytes[..], &[8, GREY, 0, 0, 0]].concat();
    let mut rows = Vec::with_capacity(pixels.len() + side);
    for row in pixels.chunks(side) {
        rows.push(NO_FILTER);
        rows.extend_from_slice(row);
    }
    let mut picture = SIGNATURE.to_vec();
    chunk(&mut picture, b"IHDR", &header);
    chunk(&mut picture, b"IDAT", &stored(&rows));
    chunk(&mut picture, b"IEND", &[]);
    picture
}

fn chunk(picture: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let mut sum = crc32fast::Hasher::new();
    sum.update(kind);
    sum.update(data);
    picture.extend_from_slice(&(data.len() as u32).to_be_bytes());
    picture.extend_from_slice(kind);
    picture.extend_from_slice(data);
    picture.extend_from_slice(&sum.finalize().to_be_bytes());
}

/// A zlib stream of one stored block.
fn stored(data: &[u8]) -> Vec<u8> {
    let size = data.len() as u16;
    let mut stream = vec![0x78, 0x01, LAST_STORED_BLOCK];
    stream.extend_from_slice(&size.to_le_bytes());
    stream.extend_from_slice(&(!size).to_le_bytes());
    stream.extend_from_slice(data);
    stream.extend_from_slice(&adler32(data).to_be_bytes());
    stream
}

fn adler32(data: &[u8]) -> u32 {
    let (mut low, mut high) = (1u32, 0u32);
    for byte in data {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    (high << 16) | low
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const GREY: u8 = 0;
const NO_FILTER: u8 = 0;
const LAST_STORED_BLOCK: u8 = 1;
