//! Imaging Data Commons: its index and its buckets, each bucket in the path.
//!
//! The index is an excerpt of `idc_index.parquet` of PyPI idc-index-data 25.0.5: seven of its
//! rows with all columns, where number and size of the files are those served here. File `k` of
//! a series has 1,000 + `k` bytes.

use crate::support::host::{Asked, Reply};

use super::{Setup, Toy, s3};

/// The excerpt.
pub const INDEX: &[u8] = include_bytes!("idc_index.parquet");

/// Patient, study, modality, series, bucket, folder and number of files of each row.
pub const SERIES: [(&str, &str, &str, &str, &str, &str, usize); 7] = [
    (
        "LIDC-IDRI-0001",
        "1.3.6.1.4.1.14519.5.2.1.6279.6001.298806137288633453246975630178",
        "CT",
        "1.3.6.1.4.1.14519.5.2.1.6279.6001.179049373636438705059720603192",
        "idc-open-data",
        "37cf5cd8-d103-4cd0-a446-960bc0ed92a3",
        5,
    ),
    (
        "LIDC-IDRI-0001",
        "1.3.6.1.4.1.14519.5.2.1.6279.6001.175012972118199124641098335511",
        "DX",
        "1.3.6.1.4.1.14519.5.2.1.6279.6001.141365756818074696859567662357",
        "idc-open-data",
        "6079cc3b-4b0f-41ec-bdbb-c6e754e88229",
        2,
    ),
    (
        "LIDC-IDRI-0003",
        "1.3.6.1.4.1.14519.5.2.1.6279.6001.101370605276577556143013894866",
        "CT",
        "1.3.6.1.4.1.14519.5.2.1.6279.6001.170706757615202213033480003264",
        "idc-open-data",
        "6949b1e0-7a1c-416b-87f6-d682398c8e1b",
        3,
    ),
    (
        "LIDC-IDRI-0001",
        "1.3.6.1.4.1.14519.5.2.1.6279.6001.298806137288633453246975630178",
        "SEG",
        "1.2.276.0.7230010.3.1.3.0.89314.1553284067.990548",
        "idc-open-data",
        "a1e77e5c-299f-49ef-a659-f4484e0cedd2",
        1,
    ),
    (
        "LIDC-IDRI-0001",
        "1.3.6.1.4.1.14519.5.2.1.6279.6001.298806137288633453246975630178",
        "SR",
        "1.2.276.0.7230010.3.1.3.0.89315.1553284069.532969",
        "idc-open-data",
        "a64bd0ee-03be-44ef-b46d-2c006e57a7e1",
        1,
    ),
    (
        "DBT-P00001",
        "1.2.826.0.1.3680043.8.498.11387662677066579919319049302075478647",
        "MG",
        "1.2.826.0.1.3680043.8.498.12126807480439595619438700736679356780",
        "idc-open-data-cr",
        "de9b6e6c-60dd-43bb-a5ec-dcb3f6b81b8b",
        2,
    ),
    (
        "TCGA-D1-A17K",
        "1.3.6.1.4.1.14519.5.2.1.3344.4020.268107041721719363355954821709",
        "CT",
        "1.3.6.1.4.1.14519.5.2.1.3344.4020.289757205527827364658030190657",
        "idc-open-data",
        "357b6269-1fa3-44ba-b5d7-6a97e7dff391",
        1,
    ),
];

/// The objects of one bucket, or of all.
pub fn objects(bucket: Option<&str>) -> Toy {
    let mut files = Vec::new();
    for (row, (.., place, folder, count)) in SERIES.iter().enumerate() {
        if bucket.is_some_and(|bucket| bucket != *place) {
            continue;
        }
        for number in 1..=*count {
            let name = format!("{folder}/00000000-0000-4000-8000-{row:06}{number:06}.dcm");
            files.push((name, bytes(row, number)));
        }
    }
    Toy { files: files.into() }
}

/// A preamble and `DICM`, as every DICOM file begins, and what tells it from the others.
fn bytes(row: usize, number: usize) -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    bytes.resize(1_000 + number, u8::try_from(row * 10 + number).unwrap_or(0));
    bytes
}

/// Answers for the buckets, and below `/index/` for the place of the index.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    let place = asked.place();
    match place.trim_start_matches('/').split('/').next().unwrap_or_default() {
        "index" if place == "/index/25.0.5/release_artifacts/idc_index.parquet" => Reply::file(asked, INDEX),
        bucket @ ("idc-open-data" | "idc-open-data-cr") => s3::serve(setup, bucket, &objects(Some(bucket)), asked),
        _ => s3::error(404, "NoSuchKey", "The specified key does not exist.", ""),
    }
}
