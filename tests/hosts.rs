//! Every host the catalogue names, as a stand-in on loopback: the contract that all providers
//! keep, and what is particular to each.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::panic,
    reason = "not the library: it sets its scene by hand"
)]

mod stand_ins;
mod support;

#[path = "hosts/auth.rs"]
mod auth;
#[path = "hosts/azure.rs"]
mod azure;
#[path = "hosts/box_links.rs"]
mod box_links;
#[path = "hosts/brats.rs"]
mod brats;
#[path = "hosts/catalogue.rs"]
mod catalogue;
#[path = "hosts/contract.rs"]
mod contract;
#[path = "hosts/entries.rs"]
mod entries;
#[path = "hosts/figshare.rs"]
mod figshare;
#[path = "hosts/github.rs"]
mod github;
#[path = "hosts/googledrive.rs"]
mod googledrive;
#[path = "hosts/http.rs"]
mod http;
#[path = "hosts/huggingface.rs"]
mod huggingface;
#[path = "hosts/idc.rs"]
mod idc;
#[path = "hosts/imports.rs"]
mod imports;
#[path = "hosts/isic.rs"]
mod isic;
#[path = "hosts/kaggle.rs"]
mod kaggle;
#[path = "hosts/leaks.rs"]
mod leaks;
#[path = "hosts/lists.rs"]
mod lists;
#[path = "hosts/members.rs"]
mod members;
#[path = "hosts/osf.rs"]
mod osf;
#[path = "hosts/packed.rs"]
mod packed;
#[path = "hosts/physionet.rs"]
mod physionet;
#[path = "hosts/pmc.rs"]
mod pmc;
#[path = "hosts/probe.rs"]
mod probe;
#[path = "hosts/redivis.rs"]
mod redivis;
#[path = "hosts/references.rs"]
mod references;
#[path = "hosts/s3.rs"]
mod s3;
#[path = "hosts/scene.rs"]
mod scene;
#[path = "hosts/synapse.rs"]
mod synapse;
#[path = "hosts/tcia.rs"]
mod tcia;
#[path = "hosts/umls.rs"]
mod umls;
#[path = "hosts/zenodo.rs"]
mod zenodo;
