//! What the API sends. Personal data is masked on the way in here.

use serde::Serialize;

use crate::{
    call::{CallEvent, CallRecord, Cdr},
    ids::{CallId, LineNumber},
    phone_number::CallerNumber,
    storage::{CallSummary, RecordingFile},
    transcript::Transcript,
};

/// A caller's number for eyes without the right to it.
#[derive(Debug, Serialize)]
pub(super) struct CallerDto {
    number: String,
    kind: crate::phone_number::NumberKind,
    province: Option<String>,
}

impl CallerDto {
    fn of(caller: &CallerNumber) -> Self {
        Self {
            number: caller.masked(),
            kind: caller.kind,
            province: caller.province.clone(),
        }
    }
}

/// How a call ended.
#[derive(Debug, Serialize)]
pub(super) struct CdrDto {
    #[serde(flatten)]
    fields: serde_json::Value,
}

impl CdrDto {
    fn of(cdr: &Cdr) -> Result<Self, serde_json::Error> {
        let mut fields = serde_json::to_value(cdr)?;
        crate::pii::mask_json(&mut fields);
        if let Some(fields) = fields.as_object_mut() {
            // Shown as `caller` of the call, in the API's own form.
            fields.remove("caller");
        }
        Ok(Self { fields })
    }
}

/// A call in a list.
#[derive(Debug, Serialize)]
pub(super) struct CallDto {
    id: String,
    line: Option<LineNumber>,
    business: Option<String>,
    dialled: String,
    caller: Option<CallerDto>,
    started_ms: i64,
    cdr: Option<CdrDto>,
}

impl CallDto {
    pub(super) fn of(summary: &CallSummary) -> Result<Self, serde_json::Error> {
        let cdr = summary.cdr.as_ref();
        Ok(Self {
            id: summary.call.to_string(),
            line: summary.line.clone(),
            business: summary.business.as_ref().map(ToString::to_string),
            dialled: summary.dialled.clone(),
            caller: cdr.map(|cdr| CallerDto::of(cdr.caller.expose())),
            started_ms: summary.started_ms,
            cdr: cdr.map(CdrDto::of).transpose()?,
        })
    }

    fn of_records(call: CallId, records: &[CallRecord]) -> Result<Option<Self>, serde_json::Error> {
        let Some(CallEvent::Offered {
            wall_ms,
            dialled,
            line,
            business,
            caller,
            ..
        }) = records.first().map(|record| &record.event)
        else {
            return Ok(None);
        };
        let cdr = Cdr::from_records(call, records);
        Ok(Some(Self {
            id: call.to_string(),
            line: line.clone(),
            business: business.as_ref().map(ToString::to_string),
            dialled: dialled.clone(),
            caller: Some(CallerDto::of(caller.expose())),
            started_ms: *wall_ms,
            cdr: cdr.as_ref().map(CdrDto::of).transpose()?,
        }))
    }
}

/// A page of calls, newest first.
#[derive(Debug, Serialize)]
pub(super) struct CallsDto {
    pub calls: Vec<CallDto>,
    /// `cursor` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Where a call can be heard.
#[derive(Debug, Serialize)]
pub(super) struct RecordingDto {
    url: String,
    /// Sample 0 as an offset into the call.
    offset_ms: u64,
}

/// One call.
#[derive(Debug, Serialize)]
pub(super) struct CallDetailDto {
    #[serde(flatten)]
    call: CallDto,
    transcript: Transcript,
    recording: Option<RecordingDto>,
    /// Whether the records are those that were written.
    intact: bool,
}

impl CallDetailDto {
    pub(super) fn of(
        call: CallId,
        records: &[CallRecord],
        recording: Option<&RecordingFile>,
        intact: bool,
    ) -> Result<Option<Self>, serde_json::Error> {
        let Some(dto) = CallDto::of_records(call, records)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            call: dto,
            transcript: Transcript::masked_from_records(records),
            recording: recording.map(|recording| RecordingDto {
                url: format!("/api/calls/{call}/recording"),
                offset_ms: recording.offset_ms,
            }),
            intact,
        }))
    }
}
