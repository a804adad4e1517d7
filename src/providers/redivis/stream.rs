//! Arrow's IPC stream, as far as lists of files need it: columns of texts and of whole numbers.
//!
//! `arrow-ipc` verifies and reads the metadata of a message; what they claim of the bytes behind
//! them is checked here, since the crate's own reader panics where a buffer lies outside of its
//! message. Columns that are not asked for are passed over. Left out, and refused: compression,
//! dictionaries, nested columns and big-endian streams, which Redivis does not send.
//!
//! Source: the Arrow columnar format 1.5, "Serialization and Interprocess Communication".

use arrow_ipc::{Endianness, Field, RecordBatch, Schema, Type, root_as_message};

/// The batches of a stream, in turn.
#[derive(Debug)]
pub(super) struct Stream<'b> {
    rest: &'b [u8],
    columns: Option<Vec<(String, Kind)>>,
}

/// Some rows.
#[derive(Debug)]
pub(super) struct Batch<'b> {
    pub rows: usize,
    columns: Vec<Column<'b>>,
}

/// A column of a batch.
#[derive(Debug)]
pub(super) struct Column<'b> {
    name: String,
    kind: Kind,
    buffers: Vec<&'b [u8]>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Texts, with offsets of so many bytes.
    Texts(usize),
    /// Whole numbers of 64 bits.
    Numbers,
    /// Something else, in so many buffers.
    Other(usize),
}

/// What is wrong with a stream, in words.
type Read<T> = Result<T, String>;

impl<'b> Stream<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes, columns: None }
    }

    /// The next batch; `None` at the end.
    pub fn next(&mut self) -> Read<Option<Batch<'b>>> {
        loop {
            let Some((head, rest)) = self.head()? else {
                return if self.columns.is_some() { Ok(None) } else { Err("it is empty".to_owned()) };
            };
            let message = root_as_message(head).map_err(|_| "the head of a message is damaged".to_owned())?;
            let size = usize::try_from(message.bodyLength()).ok().filter(|size| *size <= rest.len());
            let (body, rest) = rest.split_at(size.ok_or_else(|| "it ends early".to_owned())?);
            self.rest = rest;
            match (&self.columns, message.header_as_schema(), message.header_as_record_batch()) {
                (None, Some(schema), _) => self.columns = Some(columns(schema)?),
                (Some(columns), _, Some(batch)) => return Batch::read(columns, batch, body).map(Some),
                _ => return Err("a message of it is neither its schema nor a batch".to_owned()),
            }
        }
    }

    /// The metadata of the next message, and what follows them.
    fn head(&self) -> Read<Option<(&'b [u8], &'b [u8])>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let word = |bytes: &'b [u8]| {
            let (word, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| "it ends early".to_owned())?;
            Ok::<_, String>((u32::from_le_bytes(*word), rest))
        };
        // Streams of before 2019 have no mark in front.
        let (size, rest) = match word(self.rest)? {
            (u32::MAX, rest) => word(rest)?,
            early => early,
        };
        match usize::try_from(size) {
            Ok(0) if rest.is_empty() => Ok(None),
            Ok(0) => Err("something follows its end".to_owned()),
            Ok(size) if size <= rest.len() => Ok(Some(rest.split_at(size))),
            _ => Err("it ends early".to_owned()),
        }
    }
}

fn columns(schema: Schema<'_>) -> Read<Vec<(String, Kind)>> {
    if schema.endianness() != Endianness::Little {
        return Err("its bytes are in another order".to_owned());
    }
    let fields = schema.fields().ok_or_else(|| "it has no columns".to_owned())?;
    fields.iter().map(|field| Ok((field.name().unwrap_or_default().to_owned(), kind(&field)?))).collect()
}

fn kind(field: &Field<'_>) -> Read<Kind> {
    let is_nested = field.children().is_some_and(|children| !children.is_empty());
    let is_long = |field: &Field<'_>| field.type_as_int().is_some_and(|kind| kind.bitWidth() == 64);
    Ok(match field.type_type() {
        _ if is_nested || field.dictionary().is_some() => return Err("a column of it is nested".to_owned()),
        Type::Utf8 => Kind::Texts(4),
        Type::LargeUtf8 => Kind::Texts(8),
        Type::Int if is_long(field) => Kind::Numbers,
        Type::Null => Kind::Other(0),
        Type::Binary | Type::LargeBinary => Kind::Other(3),
        Type::Int
        | Type::FloatingPoint
        | Type::Bool
        | Type::Decimal
        | Type::Date
        | Type::Time
        | Type::Timestamp
        | Type::Interval
        | Type::Duration
        | Type::FixedSizeBinary => Kind::Other(2),
        _ => return Err("a column of it is of a kind that lists do not have".to_owned()),
    })
}

impl Kind {
    fn buffers(self) -> usize {
        match self {
            Self::Texts(_) => 3,
            Self::Numbers => 2,
            Self::Other(buffers) => buffers,
        }
    }
}

impl<'b> Batch<'b> {
    fn read(columns: &[(String, Kind)], batch: RecordBatch<'_>, body: &'b [u8]) -> Read<Self> {
        if batch.compression().is_some() {
            return Err("it is compressed".to_owned());
        }
        let rows = usize::try_from(batch.length()).map_err(|_| "a batch has less than no rows".to_owned())?;
        let is_whole = batch.nodes().is_some_and(|nodes| {
            nodes.len() == columns.len() && nodes.iter().all(|node| node.length() == batch.length())
        });
        if !is_whole {
            return Err("its columns are not equally long".to_owned());
        }
        let mut places = batch.buffers().into_iter().flat_map(|buffers| buffers.iter());
        let mut buffer = || {
            let place = places.next()?;
            let (from, size) = (usize::try_from(place.offset()).ok()?, usize::try_from(place.length()).ok()?);
            body.get(from..from.checked_add(size)?)
        };
        let column = |(name, kind): &(String, Kind)| {
            let buffers: Option<Vec<&[u8]>> = (0..kind.buffers()).map(|_| buffer()).collect();
            let column = Column { name: name.clone(), kind: *kind, buffers: buffers? };
            column.holds(rows).then_some(column)
        };
        let columns: Option<Vec<_>> = columns.iter().map(column).collect();
        Ok(Self { rows, columns: columns.ok_or_else(|| "a column ends before its last row".to_owned())? })
    }

    pub fn column(&self, name: &str) -> Option<&Column<'b>> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl<'b> Column<'b> {
    /// Whether its buffers are long enough for so many rows.
    fn holds(&self, rows: usize) -> bool {
        let needs = |buffer: usize, items: Option<usize>, size: usize| {
            let bytes = items.and_then(|items| items.checked_mul(size));
            bytes.is_some_and(|bytes| bytes <= self.buffers[buffer].len())
        };
        let tells_nulls = self.buffers.first().is_none_or(|nulls| nulls.is_empty() || rows.div_ceil(8) <= nulls.len());
        tells_nulls
            && match self.kind {
                Kind::Texts(size) => rows == 0 || needs(1, rows.checked_add(1), size),
                Kind::Numbers => needs(1, Some(rows), 8),
                Kind::Other(_) => true,
            }
    }

    fn is_null(&self, row: usize) -> bool {
        !self.buffers[0].is_empty() && self.buffers[0][row / 8] >> (row % 8) & 1 == 0
    }

    /// The text in a row of the batch.
    pub fn text(&self, row: usize) -> Read<Option<&'b str>> {
        let Kind::Texts(size) = self.kind else { return Err(format!("its column `{}` holds no texts", self.name)) };
        if self.is_null(row) {
            return Ok(None);
        }
        let place = |at: usize| {
            let mut word = [0; 8];
            word[..size].copy_from_slice(&self.buffers[1][at * size..][..size]);
            usize::try_from(u64::from_le_bytes(word)).unwrap_or(usize::MAX)
        };
        let bytes = self.buffers[2].get(place(row)..place(row + 1));
        let text = bytes.and_then(|bytes| str::from_utf8(bytes).ok());
        text.map(Some).ok_or_else(|| format!("a text in its column `{}` is damaged", self.name))
    }

    /// The number in a row of the batch.
    pub fn number(&self, row: usize) -> Read<Option<u64>> {
        let refused = || format!("its column `{}` holds no sizes", self.name);
        if self.kind != Kind::Numbers {
            return Err(refused());
        }
        if self.is_null(row) {
            return Ok(None);
        }
        let bytes = self.buffers[1][row * 8..].first_chunk::<8>().ok_or_else(refused)?;
        // Signed or not: no file has so many bytes that it matters.
        u64::try_from(i64::from_le_bytes(*bytes)).map(Some).map_err(|_| refused())
    }
}
