//! The folders of a series, in the form of IDC's own client.
//!
//! `%collection_id/%PatientID/%StudyInstanceUID/%Modality_%SeriesInstanceUID` and the like: five
//! attributes, joined by `_`, `-` and `/`; everything else is refused, as the client does.

use super::Series;

/// A template of folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DirTemplate(Vec<Piece>);

/// The text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no template of folders: it takes %collection_id, %PatientID, %StudyInstanceUID, %Modality and \
     %SeriesInstanceUID with `_`, `-` or `/` between them"
)]
pub(super) struct TemplateError {
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Collection,
    Patient,
    Study,
    Modality,
    Series,
    Separator(char),
}

impl DirTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// Another attribute, another separator, or an empty folder.
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        let refused = || TemplateError { text: crate::values::Printable::new(text).to_string() };
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some((name, piece)) = ATTRIBUTES.iter().find(|(name, _)| rest.starts_with(name)) {
                pieces.push(*piece);
                rest = &rest[name.len()..];
            } else if matches!(first, '_' | '-' | '/') {
                pieces.push(Piece::Separator(first));
                rest = &rest[1..];
            } else {
                return Err(refused());
            }
        }
        let names = pieces.split(|piece| *piece == Piece::Separator('/'));
        let is_empty = |name: &[Piece]| name.iter().all(|piece| matches!(piece, Piece::Separator(_)));
        if names.into_iter().any(is_empty) { Err(refused()) } else { Ok(Self(pieces)) }
    }

    /// The folders of a series.
    pub(super) fn fill(&self, series: &Series) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Collection => text.push_str(&series.collection),
                Piece::Patient => text.push_str(&series.patient),
                Piece::Study => text.push_str(&series.study),
                Piece::Modality => text.push_str(&series.modality),
                Piece::Series => text.push_str(&series.uid),
                Piece::Separator(separator) => text.push(*separator),
            }
        }
        text
    }
}

impl Default for DirTemplate {
    /// That of the client.
    fn default() -> Self {
        Self::parse("%collection_id/%PatientID/%StudyInstanceUID/%Modality_%SeriesInstanceUID").expect("it is one")
    }
}

const ATTRIBUTES: [(&str, Piece); 5] = [
    ("%collection_id", Piece::Collection),
    ("%PatientID", Piece::Patient),
    ("%StudyInstanceUID", Piece::Study),
    ("%Modality", Piece::Modality),
    ("%SeriesInstanceUID", Piece::Series),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ByteSize;

    #[test]
    fn takes_what_the_client_takes() {
        #[track_caller]
        fn check(template: &str, expected: Option<&str>) {
            let series = Series {
                collection: "c".into(),
                patient: "P-1".into(),
                study: "1.2".into(),
                uid: "1.2.3".into(),
                modality: "CT".into(),
                license: "CC BY 3.0".into(),
                bucket: "b".into(),
                folder: "u".into(),
                files: 1,
                size: ByteSize(1),
            };
            let filled = DirTemplate::parse(template).ok().map(|template| template.fill(&series));
            assert_eq!(filled.as_deref(), expected, "{template}");
        }
        check("%PatientID/%StudyInstanceUID/%Modality_%SeriesInstanceUID", Some("P-1/1.2/CT_1.2.3"));
        check("%collection_id-%PatientID", Some("c-P-1"));
        check("%PatientName", None);
        check("%PatientID%", None);
        check("%PatientID//%Modality", None);
        check("/%PatientID", None);
        check("../%PatientID", None);
        check("", None);
    }
}
