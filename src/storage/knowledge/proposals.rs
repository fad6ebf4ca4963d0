//! Phrasings that were proposed for entries, until the business has ruled on them.

use super::{DraftChange, ProposedPhrasing, Ruling, StorageError, Store, drafts};
use crate::ids::{BaseId, EntryId};

impl Store {
    /// Adds proposals; one that was ruled on before is not proposed again. Returns how many are new.
    pub async fn propose(
        &self,
        base: &BaseId,
        proposals: &[ProposedPhrasing],
    ) -> Result<u64, StorageError> {
        let mut transaction = self.begin_write().await?;
        super::revision(&mut transaction, base, None).await?;
        let mut new = 0;
        for proposal in proposals {
            let done = sqlx::query(
                "INSERT INTO knowledge_proposals (business, base, entry, phrasing, source) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
            )
            .bind(base.business.as_str())
            .bind(base.name.as_str())
            .bind(proposal.entry.as_str())
            .bind(&proposal.phrasing)
            .bind(&proposal.source)
            .execute(&mut *transaction)
            .await?;
            new += done.rows_affected();
        }
        transaction.commit().await?;
        Ok(new)
    }

    /// What waits for a ruling: phrasings of entries that are in the draft.
    pub async fn proposals(&self, base: &BaseId) -> Result<Vec<ProposedPhrasing>, StorageError> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT p.entry, p.phrasing, p.source FROM knowledge_proposals AS p
             JOIN knowledge_drafts AS d ON d.business = p.business AND d.base = p.base AND d.entry = p.entry
             WHERE p.business = ?1 AND p.base = ?2 AND p.state = 'proposed' ORDER BY d.position, p.phrasing",
        )
        .bind(base.business.as_str())
        .bind(base.name.as_str())
        .fetch_all(&self.pool)
        .await?;
        let proposal = |(entry, phrasing, source)| ProposedPhrasing {
            entry: EntryId::new(entry),
            phrasing,
            source,
        };
        Ok(rows.into_iter().map(proposal).collect())
    }

    /// Rules on proposals: accepted ones become similar questions of the draft. All of it or nothing; what is not (or no
    /// longer) proposed is passed over. Returns how many were ruled on.
    pub async fn rule(
        &self,
        base: &BaseId,
        rulings: &[(EntryId, String, Ruling)],
    ) -> Result<u64, StorageError> {
        let mut transaction = self.begin_write().await?;
        let mut entries = drafts::entries(&mut transaction, base).await?;
        let (mut ruled, mut changed) = (0, Vec::new());
        for (id, phrasing, ruling) in rulings {
            let state = match ruling {
                Ruling::Accept => "accepted",
                Ruling::Strike => "struck",
            };
            let done = sqlx::query(
                "UPDATE knowledge_proposals SET state = ?5
                 WHERE business = ?1 AND base = ?2 AND entry = ?3 AND phrasing = ?4 AND state = 'proposed'",
            )
            .bind(base.business.as_str())
            .bind(base.name.as_str())
            .bind(id.as_str())
            .bind(phrasing)
            .bind(state)
            .execute(&mut *transaction)
            .await?;
            if done.rows_affected() == 0 {
                continue;
            }
            ruled += 1;
            if *ruling == Ruling::Strike {
                continue;
            }
            let entry = entries.iter_mut().find(|entry| entry.id == *id);
            let entry = entry.ok_or_else(|| StorageError::UnknownEntry {
                base: base.clone(),
                entry: id.clone(),
            })?;
            if !entry.phrasings().any(|known| known == phrasing) {
                entry.similar_questions.push(phrasing.clone());
                changed.push(id.clone());
            }
        }
        let puts = entries
            .into_iter()
            .filter(|entry| changed.contains(&entry.id))
            .map(|entry| DraftChange::Put(Box::new(entry)));
        let puts: Vec<DraftChange> = puts.collect();
        if !puts.is_empty() {
            drafts::change(&mut transaction, base, None, &puts).await?;
        }
        transaction.commit().await?;
        Ok(ruled)
    }
}
