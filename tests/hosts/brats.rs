//! `fetch brats` by every channel of Synapse: what each is made of lies where its entry says.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stand_ins::{Setup, Toy, storage, synapse};
use crate::support::archives::zip_of;
use crate::support::home::{Home, tree};
use crate::support::host::Host;

use super::scene::STORAGE;

const TOKEN: &str = "eyJ0eXAi.YnJhdHMi.k3wq8ZtPaa";

/// What a person who has read the terms on Synapse has at hand.
const TERMS: &str = "Terms of the BraTS data, as shown to one who is signed in.\n";

/// A channel of a release and variant, what lies in its folder on Synapse, and what its data and
/// papers are.
struct Channel {
    name: &'static str,
    channel: &'static str,
    folder: &'static str,
    files: &'static [&'static str],
    data: &'static [&'static str],
}

/// An archive of the toy holds one folder with one case.
fn content(name: &str) -> Vec<u8> {
    let plain = name.split_once('=').map_or(name, |(_, name)| name);
    match plain.strip_suffix(".zip") {
        Some(stem) => zip_of(&[
            (format!("{stem}/case-1/case-1-seg.nii.gz").as_str(), stem.as_bytes()),
            (format!("{stem}/case-1/case-1-t1c.nii.gz").as_str(), b"t1c"),
            ("__MACOSX/junk", b"junk"),
        ]),
        None => format!("{plain}\n").into_bytes(),
    }
}

#[test]
fn every_channel_ends_in_the_standard_layout() {
    for channel in CHANNELS {
        let files = channel.files.iter().map(|name| (format!("{}/{name}", channel.folder), content(name)));
        let toy = Toy { files: Arc::new(files.collect()) };
        let setup = Setup {
            toy: toy.clone(),
            origin: String::new(),
            storage: STORAGE.to_owned(),
            token: Some(TOKEN.to_owned()),
        };
        let store = Host::start(move |asked| storage::answer(&toy, asked));
        let host = Host::start(move |asked| synapse::answer(&setup, asked));
        let rewrites = format!(
            "{STORAGE}={};https://repo-prod.prod.sagebase.org/={url};https://file-prod.prod.sagebase.org/={url}",
            store.url(),
            url = host.url()
        );
        let home = Home::new()
            .with("MEDSETS_KEYRING", "none")
            .with("MEDSETS_TOKEN_SYNAPSE", TOKEN)
            .with("MEDSETS_REWRITE", rewrites);
        let fetch = |home: &Home| home.run(&["fetch", channel.name, "--source", channel.channel]);
        fetch(&home).expect(23).says(&["synapse.org"]);
        accept(&home, channel.name);
        let ran = fetch(&home).expect(0);
        let dir = home.run(&["path", channel.name]).expect(0).stdout;
        let got = tree(std::path::Path::new(dir.trim()));
        let of = |top: &str| got.keys().filter(|name| name.starts_with(top)).map(String::as_str).collect::<Vec<_>>();
        let mut found = of("data/");
        found.extend(of("docs/"));
        assert_eq!(found, channel.data, "{}", channel.channel);
        assert!(of("archives/").is_empty(), "{}: {got:?}", channel.channel);
        home.run(&["verify", channel.name]).expect(0);
        assert!(store.log().iter().all(|asked| asked.header("authorization").is_none()));
        hides_the_token(&home, &[&ran.stdout, &ran.stderr]);
    }
}

fn accept(home: &Home, name: &str) {
    let year = &name["brats@".len()..][..4];
    let text = home.path().join("terms.txt");
    std::fs::write(&text, TERMS).unwrap();
    let step = format!("synapse-terms-{year}");
    let accept = ["access", "accept", name, &step, "--text-file", text.to_str().unwrap()];
    let shown = home.run(&[&accept[..], &["--dry-run"]].concat()).expect(0);
    let all = format!("{}{}", shown.stdout, shown.stderr);
    let at = all.find("sha256:").unwrap_or_else(|| panic!("{name}: {all}"));
    home.run(&[&accept[..], &["--text-digest", &all[at..at + 71]]].concat()).expect(0);
}

fn hides_the_token(home: &Home, printed: &[&str]) {
    let files: BTreeMap<String, Vec<u8>> = tree(home.path());
    assert!(files.values().all(|bytes| !String::from_utf8_lossy(bytes).contains(TOKEN)));
    assert!(printed.iter().all(|text| !text.contains(TOKEN)));
}

const CHANNELS: &[Channel] = &[
    Channel {
        name: "brats@2025:met",
        channel: "synapse-met",
        folder: "syn64153130",
        files: &["syn64919665=MICCAI-LH-BraTS2025-MET-Challenge-TrainingData.zip"],
        data: &[
            "data/MICCAI-LH-BraTS2025-MET-Challenge-TrainingData/case-1/case-1-seg.nii.gz",
            "data/MICCAI-LH-BraTS2025-MET-Challenge-TrainingData/case-1/case-1-t1c.nii.gz",
        ],
    },
    Channel {
        name: "brats@2024:gli",
        channel: "synapse-gli",
        folder: "syn59059776",
        files: &[
            "syn60086071=BraTS2024-BraTS-GLI-TrainingData.zip",
            "BraTS2024-BraTS-GLI-AdditionalTrainingData.zip",
            "syn61455507=BraTS2024-BraTS-GLI-ValidationData.zip",
            "syn59808905=CITATIONS.bib",
            "metadata.xlsx",
        ],
        data: &[
            "data/metadata.xlsx",
            "data/training_data1_v2/case-1/case-1-seg.nii.gz",
            "data/training_data1_v2/case-1/case-1-t1c.nii.gz",
            "data/training_data_additional/case-1/case-1-seg.nii.gz",
            "data/training_data_additional/case-1/case-1-t1c.nii.gz",
            "data/validation_data/case-1/case-1-seg.nii.gz",
            "data/validation_data/case-1/case-1-t1c.nii.gz",
            "docs/CITATIONS.bib",
        ],
    },
    Channel {
        name: "brats@2024:men-rt",
        channel: "synapse-men-rt",
        folder: "syn59059779",
        files: &["BraTS2024-MEN-RT-TrainingData.zip", "BraTS2024-MEN-RT-ValidationData.zip"],
        data: &[
            "data/BraTS-MEN-RT-Train-v2/case-1/case-1-seg.nii.gz",
            "data/BraTS-MEN-RT-Train-v2/case-1/case-1-t1c.nii.gz",
            "data/BraTS-MEN-RT-Val-v1/case-1/case-1-seg.nii.gz",
            "data/BraTS-MEN-RT-Val-v1/case-1/case-1-t1c.nii.gz",
        ],
    },
    // Of these nobody here has seen the names of the files: any will do.
    Channel { name: "brats@2024:met", channel: "synapse-met", folder: "syn59059764", files: ANY, data: OF_ANY },
    Channel { name: "brats@2024:ped", channel: "synapse-ped", folder: "syn58894466", files: ANY, data: OF_ANY },
    Channel { name: "brats@2024:ssa", channel: "synapse-ssa", folder: "syn59059780", files: ANY, data: OF_ANY },
    Channel { name: "brats@2024:path", channel: "synapse-path", folder: "syn59761935", files: ANY, data: OF_ANY },
    Channel { name: "brats@2024:goat", channel: "synapse-goat", folder: "syn68156890", files: ANY, data: OF_ANY },
    Channel {
        name: "brats@2023:gli",
        channel: "synapse-gli",
        folder: "syn51514105",
        files: &[
            "ASNR-MICCAI-BraTS2023-GLI-Challenge-TrainingData.zip",
            "ASNR-MICCAI-BraTS2023-GLI-Challenge-ValidationData.zip",
            "BraTS2023_2017_GLI_Mapping.xlsx",
            "manifest.csv",
        ],
        data: &[
            "data/ASNR-MICCAI-BraTS2023-GLI-Challenge-TrainingData/case-1/case-1-seg.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-GLI-Challenge-TrainingData/case-1/case-1-t1c.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-GLI-Challenge-ValidationData/case-1/case-1-seg.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-GLI-Challenge-ValidationData/case-1/case-1-t1c.nii.gz",
            "data/BraTS2023_2017_GLI_Mapping.xlsx",
            "data/manifest.csv",
        ],
    },
    Channel {
        name: "brats@2023:men",
        channel: "synapse-men",
        folder: "syn51514106",
        files: &[
            "ASNR-MICCAI-BraTS2023-MEN-Challenge-TrainingData.zip",
            "ASNR-MICCAI-BraTS2023-MEN-Challenge-ValidationData.zip",
        ],
        data: &[
            "data/ASNR-MICCAI-BraTS2023-MEN-Challenge-TrainingData/case-1/case-1-seg.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-MEN-Challenge-TrainingData/case-1/case-1-t1c.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-MEN-Challenge-ValidationData/case-1/case-1-seg.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-MEN-Challenge-ValidationData/case-1/case-1-t1c.nii.gz",
        ],
    },
    Channel {
        name: "brats@2023:met",
        channel: "synapse-met",
        folder: "syn51514107",
        files: &[
            "ASNR-MICCAI-BraTS2023-MET-Challenge-TrainingData.zip",
            "ASNR-MICCAI-BraTS2023-MET-Challenge-ValidationData.zip",
        ],
        data: &[
            "data/ASNR-MICCAI-BraTS2023-MET-Challenge-TrainingData/case-1/case-1-seg.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-MET-Challenge-TrainingData/case-1/case-1-t1c.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-MET-Challenge-ValidationData/case-1/case-1-seg.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-MET-Challenge-ValidationData/case-1/case-1-t1c.nii.gz",
        ],
    },
    Channel {
        name: "brats@2023:ped",
        channel: "synapse-ped",
        folder: "syn51514108",
        files: &[
            "ASNR-MICCAI-BraTS2023-PED-Challenge-TrainingData.zip",
            "ASNR-MICCAI-BraTS2023-PED-Challenge-ValidationData.zip",
        ],
        data: &[
            "data/ASNR-MICCAI-BraTS2023-PED-Challenge-TrainingData/case-1/case-1-seg.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-PED-Challenge-TrainingData/case-1/case-1-t1c.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-PED-Challenge-ValidationData/case-1/case-1-seg.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-PED-Challenge-ValidationData/case-1/case-1-t1c.nii.gz",
        ],
    },
    Channel {
        name: "brats@2023:ssa",
        channel: "synapse-ssa",
        folder: "syn51514109",
        files: &[
            "ASNR-MICCAI-BraTS2023-SSA-Challenge-TrainingData.zip",
            "ASNR-MICCAI-BraTS2023-SSA-Challenge-ValidationData.zip",
        ],
        data: &[
            "data/ASNR-MICCAI-BraTS2023-SSA-Challenge-TrainingData/case-1/case-1-seg.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-SSA-Challenge-TrainingData/case-1/case-1-t1c.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-SSA-Challenge-ValidationData/case-1/case-1-seg.nii.gz",
            "data/ASNR-MICCAI-BraTS2023-SSA-Challenge-ValidationData/case-1/case-1-t1c.nii.gz",
        ],
    },
    Channel {
        name: "brats@2023:local-synthesis",
        channel: "synapse-local-synthesis",
        folder: "syn51522870",
        files: ANY,
        data: OF_ANY,
    },
    Channel { name: "brats@2021:task1", channel: "synapse", folder: "syn25829067", files: ANY, data: OF_ANY },
];

const ANY: &[&str] = &["Some-TrainingData.zip", "Some-ValidationData.zip", "more/notes.csv"];

const OF_ANY: &[&str] = &[
    "data/Some-TrainingData/case-1/case-1-seg.nii.gz",
    "data/Some-TrainingData/case-1/case-1-t1c.nii.gz",
    "data/Some-ValidationData/case-1/case-1-seg.nii.gz",
    "data/Some-ValidationData/case-1/case-1-t1c.nii.gz",
    "data/more/notes.csv",
];
