//! 7z archives byte by byte: one block that stores its members, plain headers.

/// A member.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) name: String,
    /// None for a folder.
    pub(super) data: Option<Vec<u8>>,
    pub(super) attributes: u32,
    pub(super) crc32: Option<u32>,
}

pub(super) fn member(name: &str, data: &[u8]) -> Member {
    Member { name: name.into(), data: Some(data.to_vec()), attributes: 0x20, crc32: None }
}

impl Member {
    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// The archive of these members: stored, or as LZMA2 by liblzma.
pub(super) fn archive(members: &[Member], lzma2: bool) -> Vec<u8> {
    let streams: Vec<&Member> =
        members.iter().filter(|one| one.data.as_ref().is_some_and(|data| !data.is_empty())).collect();
    let plain: Vec<u8> = streams.iter().flat_map(|one| one.data.clone().unwrap()).collect();
    let packed = if lzma2 { pack(&plain) } else { plain.clone() };
    let mut header = vec![0x01];
    if !streams.is_empty() {
        header.extend([0x04, 0x06]);
        number(&mut header, 0);
        number(&mut header, 1);
        header.push(0x09);
        number(&mut header, packed.len() as u64);
        header.extend([0x00, 0x07, 0x0b, 0x01, 0x00, 0x01]);
        // One coder: copy, or LZMA2 with a dictionary of 8 MiB.
        header.extend(if lzma2 { &[0x21, 0x21, 0x01, 22][..] } else { &[0x01, 0x00] });
        header.push(0x0c);
        number(&mut header, plain.len() as u64);
        header.extend([0x00, 0x08]);
        if streams.len() > 1 {
            header.push(0x0d);
            number(&mut header, streams.len() as u64);
            header.push(0x09);
            for one in &streams[..streams.len() - 1] {
                number(&mut header, one.data.as_ref().unwrap().len() as u64);
            }
        }
        header.extend([0x0a, 0x01]);
        for one in &streams {
            let crc32 = one.crc32.unwrap_or_else(|| crc32fast::hash(one.data.as_ref().unwrap()));
            header.extend(crc32.to_le_bytes());
        }
        header.extend([0x00, 0x00]);
    }
    files(&mut header, members);
    header.push(0x00);

    let mut start = Vec::new();
    start.extend((packed.len() as u64).to_le_bytes());
    start.extend((header.len() as u64).to_le_bytes());
    start.extend(crc32fast::hash(&header).to_le_bytes());
    let mut out = b"7z\xbc\xaf\x27\x1c\0\x04".to_vec();
    out.extend(crc32fast::hash(&start).to_le_bytes());
    out.extend(start);
    out.extend(packed);
    out.extend(header);
    out
}

/// Names, kinds, attributes.
fn files(header: &mut Vec<u8>, members: &[Member]) {
    header.push(0x05);
    number(header, members.len() as u64);
    let empty: Vec<bool> = members.iter().map(|one| one.data.as_ref().is_none_or(Vec::is_empty)).collect();
    if empty.contains(&true) {
        property(header, 0x0e, &bits(&empty));
        let files: Vec<bool> =
            members.iter().zip(&empty).filter(|(_, empty)| **empty).map(|(one, _)| one.data.is_some()).collect();
        property(header, 0x0f, &bits(&files));
    }
    let mut names = vec![0];
    for one in members {
        names.extend(one.name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    }
    property(header, 0x11, &names);
    let mut attributes = vec![1, 0];
    for one in members {
        attributes.extend(one.attributes.to_le_bytes());
    }
    property(header, 0x15, &attributes);
    header.push(0x00);
}

fn property(header: &mut Vec<u8>, id: u8, bytes: &[u8]) {
    header.push(id);
    number(header, bytes.len() as u64);
    header.extend(bytes);
}

fn bits(flags: &[bool]) -> Vec<u8> {
    flags
        .chunks(8)
        .map(|eight| eight.iter().enumerate().fold(0, |byte, (bit, flag)| byte | u8::from(*flag) << (7 - bit)))
        .collect()
}

/// A number as 7z writes it: the first byte says how many follow.
fn number(out: &mut Vec<u8>, value: u64) {
    match value {
        0..=0x7f => out.push(value as u8),
        0x80..=0x3fff => out.extend([0x80 | (value >> 8) as u8, value as u8]),
        _ => {
            out.push(0xff);
            out.extend(value.to_le_bytes());
        }
    }
}

/// Raw LZMA2.
fn pack(plain: &[u8]) -> Vec<u8> {
    let options = liblzma::stream::LzmaOptions::new_preset(6).unwrap();
    let mut filters = liblzma::stream::Filters::new();
    filters.lzma2(&options);
    let stream = liblzma::stream::Stream::new_raw_encoder(&filters).unwrap();
    let mut packed = Vec::new();
    std::io::Read::read_to_end(&mut liblzma::bufread::XzEncoder::new_stream(plain, stream), &mut packed).unwrap();
    packed
}
