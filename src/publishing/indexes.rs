//! Indexes of versions and drafts.
//!
//! Those of versions are kept on disk, so that a start embeds nothing, and a version that one process has published is opened by
//! the next. Those of drafts change with every word and are not.

use std::{fmt, path::PathBuf, sync::Arc};

use sha2::{Digest, Sha256};

use crate::{
    embedding::{EmbedError, TextEncoder},
    ids::{BaseId, KnowledgeVersion},
    knowledge::KnowledgeBase,
    retrieval::{
        HybridIndex, IndexOptions, IndexStore, KnowledgeIndex, LexicalIndex, Ranking,
        RetrievalConfig, Synonyms, qdrant::Local,
    },
};

/// Makes the indexes of all bases.
#[derive(Clone)]
pub struct IndexMaker {
    /// From which score on they answer.
    pub config: RetrievalConfig,
    /// Meaning; without it, words alone.
    pub encoder: Option<Arc<dyn TextEncoder>>,
    /// Where indexes of versions are kept; without it, each start makes them.
    pub folder: Option<PathBuf>,
}

impl fmt::Debug for IndexMaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexMaker")
            .field("config", &self.config)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// An index, whichever it is.
#[derive(Clone)]
pub enum Index {
    /// Words and meaning.
    Hybrid(Arc<HybridIndex>),
    /// Words alone.
    Lexical(Arc<LexicalIndex>),
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.of_calls();
        f.debug_tuple("Index").field(version.version()).finish()
    }
}

impl Index {
    /// As calls ask it.
    pub fn of_calls(&self) -> Arc<dyn KnowledgeIndex> {
        match self {
            Self::Hybrid(index) => index.clone(),
            Self::Lexical(index) => index.clone(),
        }
    }

    /// As it is asked at once.
    pub fn ranking(&self) -> &dyn Ranking {
        match self {
            Self::Hybrid(index) => &**index,
            Self::Lexical(index) => &**index,
        }
    }

    /// As what stands behind a server.
    pub fn local(&self) -> Local {
        match self {
            Self::Hybrid(index) => Local::Hybrid(index.clone()),
            Self::Lexical(index) => Local::Lexical(index.clone()),
        }
    }

    fn hybrid(&self) -> Option<&HybridIndex> {
        match self {
            Self::Hybrid(index) => Some(index),
            Self::Lexical(_) => None,
        }
    }
}

/// What an index is made of.
#[derive(Clone, Debug)]
pub struct Material {
    /// Of which base.
    pub base: BaseId,
    /// The entries.
    pub known: KnowledgeBase,
    /// The business's own words.
    pub synonyms: Synonyms,
    /// An index of the same base: phrasings that it has are not embedded again.
    pub previous: Option<Index>,
}

impl IndexMaker {
    /// The index of a version: from disk, or made and put there. Takes up to a millisecond a phrasing, on a thread that may
    /// block.
    pub async fn of_version(&self, material: Material) -> Result<Index, EmbedError> {
        let store = self.store(&material.base);
        self.make(material, store).await
    }

    /// The index of a draft, which is not kept.
    pub async fn of_draft(&self, material: Material) -> Result<Index, EmbedError> {
        self.make(material, None).await
    }

    async fn make(
        &self,
        material: Material,
        store: Option<IndexStore>,
    ) -> Result<Index, EmbedError> {
        let (config, encoder) = (self.config, self.encoder.clone());
        let making = tokio::task::spawn_blocking(move || {
            let KnowledgeBase { version, entries } = material.known;
            let synonyms = material.synonyms;
            let options = IndexOptions { config, synonyms };
            let previous = material.previous.as_ref().and_then(Index::hybrid);
            let Some(encoder) = encoder else {
                let index = LexicalIndex::build_with(version, entries, options);
                return Ok(Index::Lexical(Arc::new(index)));
            };
            let index = match store {
                Some(store) => store.open_or_build(version, entries, options, encoder, previous),
                None => HybridIndex::build_with(version, entries, options, encoder, previous),
            };
            Ok(Index::Hybrid(Arc::new(index?)))
        });
        match making.await {
            Ok(made) => made,
            // It is never cancelled, so this is a panic, which goes on here.
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// The index of a version that is on disk.
    pub async fn kept(
        &self,
        base: BaseId,
        version: KnowledgeVersion,
        synonyms: Synonyms,
    ) -> Option<Index> {
        let store = self.store(&base)?;
        let encoder = self.encoder.clone()?;
        let config = self.config;
        let opening = tokio::task::spawn_blocking(move || {
            let options = IndexOptions { config, synonyms };
            // Whoever needs it whole makes it again, and says what is wrong with it.
            store.open(&version, options, encoder).ok()
        });
        match opening.await {
            Ok(index) => Some(Index::Hybrid(Arc::new(index?))),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// Removes the kept indexes of a base but those of these versions. What cannot be removed is logged and takes up room.
    pub async fn keep_only(&self, base: &BaseId, versions: Vec<KnowledgeVersion>) {
        let Some(store) = self.store(base) else {
            return;
        };
        let base = base.clone();
        let removing = tokio::task::spawn_blocking(move || {
            let versions: Vec<_> = versions.iter().collect();
            if let Err(error) = store.keep_only(&versions) {
                tracing::warn!(knowledge.base = %base, %error, "old indexes stay on disk");
            }
        });
        if let Err(panic) = removing.await {
            std::panic::resume_unwind(panic.into_panic());
        }
    }

    fn store(&self, base: &BaseId) -> Option<IndexStore> {
        let folder = self.folder.as_ref()?;
        Some(IndexStore::new(folder.join(folder_of(base))))
    }
}

/// The folder of a base. Names may hold anything; the digest keeps two of them apart that read alike without it.
fn folder_of(base: &BaseId) -> String {
    let name = base.to_string();
    let digest = Sha256::digest(name.as_bytes());
    let plain = name.chars().map(|symbol| match symbol {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => symbol,
        _ => '_',
    });
    let plain: String = plain.take(40).collect();
    let digest: String = digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{plain}-{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{BaseName, BusinessId};

    #[test]
    fn no_two_bases_share_a_folder_and_none_leaves_it() {
        let base = |business: &str, name: &str| BaseId {
            business: BusinessId::new(business),
            name: BaseName::new(name),
        };
        let bases = [
            base("a", "家电"),
            base("a", "酒店"),
            base("..", ".."),
            base("a", &"长".repeat(300)),
        ];
        let folders: std::collections::BTreeSet<String> = bases.iter().map(folder_of).collect();
        assert_eq!(folders.len(), bases.len());
        for folder in &folders {
            assert!(
                folder.len() <= 53 && !folder.contains(['/', '.']),
                "{folder}"
            );
        }
    }
}
