//! The index of IDC: a Parquet file with a row for each series.
//!
//! Columns are read one after the other, first the collection's, then of the others what stands
//! in its rows: the whole has a million rows, and a collection a few thousand.

use bytes::Bytes;
use parquet::basic::Type;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use crate::values::ByteSize;

use super::Series;

/// The series of a collection.
pub(super) fn series_of(bytes: Bytes, collection: &str) -> Result<Vec<Series>, ParquetError> {
    let index = Index(SerializedFileReader::new(bytes)?);
    let mut rows = Vec::new();
    index.column::<ByteArrayType>("collection_id", |row, value| {
        if value.is_some_and(|value| value.data() == collection.as_bytes()) {
            rows.push(row);
        }
        Ok(())
    })?;
    let text = |name: &'static str| index.values::<ByteArrayType, _>(name, &rows, text_of);
    let (patients, studies, uids) = (text("PatientID")?, text("StudyInstanceUID")?, text("SeriesInstanceUID")?);
    let (modalities, licenses) = (text("Modality")?, text("license_short_name")?);
    let (buckets, folders) = (text("aws_bucket")?, text("crdc_series_uuid")?);
    let counts = index.values::<Int64Type, _>("instanceCount", &rows, |count| {
        u64::try_from(*count).map_err(|_| unexpected("instanceCount"))
    })?;
    // Decimal megabytes of whole bytes: exact up to thousands of terabytes.
    let sizes = index.values::<DoubleType, _>("series_size_MB", &rows, |size| {
        let bytes = (size * 1e6).round();
        if (0.0..=1e18).contains(&bytes) { Ok(ByteSize(bytes as u64)) } else { Err(unexpected("series_size_MB")) }
    })?;
    let series = (0..rows.len()).map(|row| Series {
        collection: collection.to_owned(),
        patient: patients[row].clone(),
        study: studies[row].clone(),
        uid: uids[row].clone(),
        modality: modalities[row].clone(),
        license: licenses[row].clone(),
        bucket: buckets[row].clone(),
        folder: folders[row].clone(),
        files: counts[row],
        size: sizes[row],
    });
    Ok(series.collect())
}

struct Index(SerializedFileReader<Bytes>);

impl Index {
    /// The values of a column in these rows, which are in order. None may be absent.
    fn values<T: DataType, V>(
        &self,
        name: &'static str,
        rows: &[usize],
        read: impl Fn(&T::T) -> Result<V, ParquetError>,
    ) -> Result<Vec<V>, ParquetError> {
        let mut values = Vec::with_capacity(rows.len());
        self.column::<T>(name, |row, value| {
            if rows.get(values.len()) == Some(&row) {
                values.push(read(value.ok_or_else(|| unexpected(name))?)?);
            }
            Ok(())
        })?;
        Ok(values)
    }

    /// Shows every value of a column with the number of its row.
    fn column<T: DataType>(
        &self,
        name: &'static str,
        mut each: impl FnMut(usize, Option<&T::T>) -> Result<(), ParquetError>,
    ) -> Result<(), ParquetError> {
        let schema = self.0.metadata().file_metadata().schema_descr();
        let position = schema.columns().iter().position(|column| column.name() == name);
        let index = position.ok_or_else(|| unexpected(name))?;
        let column = schema.column(index);
        let kind: Type = T::get_physical_type();
        if column.physical_type() != kind || column.max_rep_level() > 0 {
            return Err(unexpected(name));
        }
        let present = column.max_def_level();
        let (mut levels, mut values, mut row) = (Vec::new(), Vec::new(), 0);
        for group in 0..self.0.num_row_groups() {
            let mut reader = get_typed_column_reader::<T>(self.0.get_row_group(group)?.get_column_reader(index)?);
            loop {
                levels.clear();
                values.clear();
                let (read, _, _) = reader.read_records(BATCH, Some(&mut levels), None, &mut values)?;
                if read == 0 {
                    break;
                }
                let mut next = values.iter();
                for position in 0..read {
                    let is_there = present == 0 || levels.get(position) == Some(&present);
                    each(row, if is_there { next.next() } else { None })?;
                    row += 1;
                }
            }
        }
        Ok(())
    }
}

fn text_of(value: &ByteArray) -> Result<String, ParquetError> {
    Ok(value.as_utf8()?.to_owned())
}

fn unexpected(column: &str) -> ParquetError {
    ParquetError::General(format!("column `{column}` is not as documented"))
}

/// Rows read at a time.
const BATCH: usize = 8_192;
