//! An edition: one version of a base as one index has made it, in a collection of its own.
//!
//! Its name says all that its points were made of, so that whoever finds the name finds the same points: another encoder, other
//! words or another program make another edition. The base's alias points to the edition that is whole and in use.

use sha2::{Digest, Sha256};

use super::Local;
use crate::{
    ids::{BaseId, KnowledgeVersion},
    retrieval::lexicon,
};

/// Changes whenever points of older programs would be found otherwise.
const FORMAT: u32 = 1;

/// Letters of a name that people read; the digest is what tells names apart.
const READABLE: usize = 40;

/// Bytes of digests in names.
const BASE_DIGEST: usize = 6;
const EDITION_DIGEST: usize = 8;

/// What a server holds of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Of which base.
    pub base: BaseId,
    /// Which version of it.
    pub version: KnowledgeVersion,
    /// The collection with its points.
    pub collection: String,
    /// The base's alias.
    pub alias: String,
    /// How many points it has, one a phrasing.
    pub phrasings: u64,
    /// How long its vectors are; without an encoder there are none.
    pub dimensions: Option<usize>,
}

impl Edition {
    /// That of `local`, an index of `base`. Names begin with `prefix`.
    pub fn of(prefix: &str, base: &BaseId, local: &Local) -> Self {
        let lexical = local.lexical();
        let mut made_of = Sha256::new();
        let mut add = |text: &str| {
            made_of.update((text.len() as u64).to_le_bytes());
            made_of.update(text);
        };
        add(&FORMAT.to_string());
        add(lexical.version_of().as_str());
        add(&lexicon::fingerprint());
        for class in lexical.synonyms().classes() {
            add(&class.join(" "));
        }
        let encoder = local.encoder();
        if let Some(encoder) = encoder {
            add(encoder.name());
            add(encoder.version());
        }
        let alias = alias(prefix, base);
        Self {
            base: base.clone(),
            version: lexical.version_of().clone(),
            collection: format!("{alias}-{}", hex(&made_of.finalize()[..EDITION_DIGEST])),
            alias,
            phrasings: lexical.collection().phrasings() as u64,
            dimensions: encoder.map(|encoder| encoder.dimensions()),
        }
    }

    /// Whether `collection` is one of this base's editions. Another base's or another program's is not ours to remove.
    pub fn is_of_base(&self, collection: &str) -> bool {
        let rest = collection.strip_prefix(&self.alias);
        rest.and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|digest| {
                let is_hex = |symbol: char| matches!(symbol, '0'..='9' | 'a'..='f');
                digest.len() == 2 * EDITION_DIGEST && digest.chars().all(is_hex)
            })
    }
}

/// The alias of a base. Names of bases may hold anything; those of collections may not.
fn alias(prefix: &str, base: &BaseId) -> String {
    let name = base.to_string();
    let digest = Sha256::digest(name.as_bytes());
    let plain = name.chars().map(|symbol| match symbol {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => symbol,
        _ => '_',
    });
    let plain: String = plain.take(READABLE).collect();
    format!("{prefix}-{plain}-{}", hex(&digest[..BASE_DIGEST]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        embedding::{TextEncoder, fake::FakeEncoder},
        ids::{BaseName, BusinessId},
        retrieval::{
            HybridIndex, IndexOptions, LexicalIndex, RetrievalConfig, Synonyms, fake::FakeIndex,
        },
    };

    fn base(business: &str, name: &str) -> BaseId {
        BaseId {
            business: BusinessId::new(business),
            name: BaseName::new(name),
        }
    }

    fn lexical(version: &str, synonyms: &str) -> Local {
        let entries = vec![FakeIndex::entry("A1", "怎么开发票", "好的。")];
        let options = IndexOptions {
            synonyms: Synonyms::parse(synonyms).expect("sound"),
            ..IndexOptions::default()
        };
        let index = LexicalIndex::build_with(KnowledgeVersion::new(version), entries, options);
        Local::Lexical(Arc::new(index))
    }

    #[test]
    fn an_edition_is_named_by_what_it_is_made_of() {
        let hybrid = HybridIndex::build(
            KnowledgeVersion::new("1"),
            vec![FakeIndex::entry("A1", "怎么开发票", "好的。")],
            RetrievalConfig::default(),
            Arc::new(FakeEncoder::default()),
        );
        let faq = base("appliance", "faq");
        let of = |local: &Local| Edition::of("yingda", &faq, local);
        let editions = [
            of(&lexical("1", "")),
            of(&lexical("2", "")),
            of(&lexical("1", "发票 税票")),
            of(&Local::Hybrid(Arc::new(hybrid.expect("built")))),
        ];
        let names: std::collections::BTreeSet<&str> = editions
            .iter()
            .map(|edition| edition.collection.as_str())
            .collect();
        assert_eq!(names.len(), editions.len());
        for edition in &editions {
            assert_eq!(edition.alias, editions[0].alias);
            assert!(editions[0].is_of_base(&edition.collection));
        }
        assert_eq!(of(&lexical("1", "")), editions[0], "it is found again");
        assert_eq!(editions[0].dimensions, None);
        assert_eq!(
            editions[3].dimensions,
            Some(FakeEncoder::default().dimensions())
        );
        assert_eq!(editions[0].phrasings, 1);
    }

    #[test]
    fn no_two_bases_share_a_name_and_every_name_is_one() {
        let bases = [
            base("a", "家电"),
            base("a", "酒店"),
            base("b", "家电"),
            base("..", "/\\?*\0"),
            base("a", &"长".repeat(300)),
        ];
        let local = lexical("1", "");
        let editions = bases.map(|base| Edition::of("yingda", &base, &local));
        for (at, one) in editions.iter().enumerate() {
            let name = &one.collection;
            assert!(name.len() <= 255 && name.is_ascii(), "{name}");
            assert!(
                !name.contains(['/', '\\', '?', '*', '\0', ' ', ':']),
                "{name}"
            );
            for (other, edition) in editions.iter().enumerate() {
                assert_eq!(one.is_of_base(&edition.collection), at == other);
            }
        }
        let one = &editions[0];
        for foreign in [
            one.alias.clone(),
            format!("{}-", one.alias),
            format!("{}-backup", one.alias),
            format!("{}0", one.collection),
            format!("{}-0123456789ABCDEF", one.alias),
            one.collection.replace("yingda", "other"),
            String::new(),
        ] {
            assert!(!one.is_of_base(&foreign), "{foreign}");
        }
    }
}
