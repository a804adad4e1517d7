//! Encrypted members: the old cipher of PKWARE, and AES as WinZip writes it.
//!
//! The old cipher is broken and proves nothing; it is read because old archives have it. Of
//! AES the crate `zip` takes off the encryption alone: it is fed a header of ours that says
//! "stored", so that what lies below is unpacked by the same codecs as any other member.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use zeroize::Zeroizing;
use zip::read::read_zipfile_from_stream_with_options;
use zip::result::ZipError;

use crate::unpack::error::Fault;
use crate::values::Secret;

use super::Entry;
use super::record::{Aes, DESCRIPTOR};

/// Takes off the encryption and calls `use_plain` with what lies below.
pub(super) fn decrypted(
    input: &mut dyn BufRead,
    entry: &Entry,
    aes: Option<Aes>,
    password: Option<&Secret>,
    use_plain: &mut dyn FnMut(&mut dyn BufRead) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let password = password.ok_or_else(|| Fault::PasswordNeeded(String::new()))?.expose().as_bytes();
    match aes {
        Some(aes) => with_aes(input, entry.packed, aes, password, use_plain),
        None => {
            let mut keys = Keys::new(password);
            let mut check = [0; 12];
            input.read_exact(&mut check).map_err(|_| Fault::damaged("its encryption header is cut"))?;
            keys.decrypt(&mut check);
            let expected = if entry.flags & DESCRIPTOR != 0 { entry.time >> 8 } else { (entry.crc32 >> 24) as u16 };
            if u16::from(check[11]) != expected {
                return Err(Fault::WrongPassword(String::new()));
            }
            use_plain(&mut BufReader::with_capacity(64 << 10, Deciphered { input, keys }))
        }
    }
}

/// AES by way of the crate `zip`.
fn with_aes(
    input: &mut dyn BufRead,
    packed: u64,
    aes: Aes,
    password: &[u8],
    use_plain: &mut dyn FnMut(&mut dyn BufRead) -> Result<(), Fault>,
) -> Result<(), Fault> {
    // Flags: encrypted, sizes stated elsewhere. Method 99, below it "stored".
    let mut header = b"PK\x03\x04\x33\0\x09\0\x63\0\0\0\x21\0".to_vec();
    header.extend([0; 12]);
    header.extend([1, 0, 11, 0, b'x']);
    header.extend([0x01, 0x99, 7, 0, aes.version, 0, b'A', b'E', aes.strength, 0, 0]);
    let mut whole = Cursor::new(header).chain(input);
    let options =
        zip::ZipReadOptions::new().password(Some(password)).override_compressed_size(packed).ignore_crc32(true);
    let opened = read_zipfile_from_stream_with_options(&mut whole, options);
    let member = opened.map_err(|error| match error {
        ZipError::InvalidPassword => Fault::WrongPassword(String::new()),
        _ => Fault::damaged("its encryption header cannot be read"),
    })?;
    let member = member.ok_or_else(|| Fault::damaged("its encryption header cannot be read"))?;
    let mut plain = BufReader::with_capacity(64 << 10, member);
    use_plain(&mut plain)?;
    // Reading to the end is what checks the authentication code.
    match io::copy(&mut plain, &mut io::sink()) {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::damaged("its authentication code is wrong")),
    }
}

/// The three keys of the old cipher (APPNOTE 6.1).
struct Keys(Zeroizing<[u32; 3]>);

impl Keys {
    fn new(password: &[u8]) -> Self {
        let mut keys = Self(Zeroizing::new([0x1234_5678, 0x2345_6789, 0x3456_7890]));
        for byte in password {
            keys.update(*byte);
        }
        keys
    }

    fn update(&mut self, plain: u8) {
        let [first, second, third] = &mut *self.0;
        *first = crc_step(*first, plain);
        *second = second.wrapping_add(*first & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        *third = crc_step(*third, (*second >> 24) as u8);
    }

    fn decrypt(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            let mix = self.0[2] | 2;
            *byte ^= (mix.wrapping_mul(mix ^ 1) >> 8) as u8;
            self.update(*byte);
        }
    }
}

/// One byte of CRC-32, without what usually stands around it.
fn crc_step(crc: u32, byte: u8) -> u32 {
    const TABLE: [u32; 256] = crc_table();
    TABLE[((crc ^ u32::from(byte)) & 0xff) as usize] ^ (crc >> 8)
}

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

/// Reads through the old cipher.
struct Deciphered<'a> {
    input: &'a mut dyn BufRead,
    keys: Keys,
}

impl Read for Deciphered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.keys.decrypt(&mut buffer[..read]);
        Ok(read)
    }
}
