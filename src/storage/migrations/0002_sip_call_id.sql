-- Whoever called knows its Call-ID and nothing else.
ALTER TABLE calls ADD COLUMN sip_call_id TEXT;

CREATE INDEX calls_by_sip_call_id ON calls (sip_call_id);
