//! The images of documents: kept beside their document, in the record that says so of it.

use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    exact_json::Object,
    id::ResourceId,
    problem::Problem,
    resource::{
        Kind,
        document::{self, NewImage, Side, Upload, image, no_image},
    },
};
use herald_store::Write;

use super::Decision;
use crate::{Engine, EngineError, Result};

impl Engine {
    /// Keeps the image of a document's side, instead of the one that it may have had; answers what
    /// the document says of it.
    pub async fn upload_image(
        &self,
        environment: EnvironmentId,
        id: ResourceId,
        side: &str,
        request: Object,
    ) -> Result<Object> {
        self.stored(environment, Kind::Document, id).await?;
        let side: Side = side.parse().map_err(|_| {
            Problem::invalid("documentSide", "'documentSide' should be one of front, back")
        })?;
        // Megabytes of base64 would hold up whoever shares the thread.
        let reading = tokio::task::spawn_blocking(move || Upload::read(request)).await;
        let upload = &reading.map_err(|error| EngineError::Internal(error.to_string()))??;
        self.change(environment, |at| {
            Box::pin(async move {
                let before = self.stored(environment, Kind::Document, id).await?;
                let public_url = &self.settings.public_url;
                let new = NewImage { side, id: self.ids.next(at), public_url, at };
                let after = document::with_image(&before.resource, upload, new);
                let answer = image(&after, side).cloned().unwrap_or_default();
                let event_type = "document.updated.image_uploaded";
                let changes = vec![after.change(event_type, Some(&before.resource))];
                let keep = Write::KeepImage { document: id, side, data: upload.data.clone() };
                Ok(Decision {
                    changes,
                    writes: vec![Write::Update { before, after }, keep],
                    answer,
                })
            })
        })
        .await
    }

    /// The image of a document's side, with what the document says of it. A side that is none is
    /// the front.
    pub async fn download_image(
        &self,
        environment: EnvironmentId,
        id: ResourceId,
        side: &str,
    ) -> Result<(Object, Bytes)> {
        let side = side.parse().unwrap_or(Side::Front);
        let mut document = self.stored(environment, Kind::Document, id).await?;
        loop {
            let about = image(&document.resource, side).cloned();
            let about = about.ok_or_else(|| no_image(id, side.as_str()))?;
            let data = self.store.image(environment, id, side).await?;
            // If it was replaced in between, its description would be another one's.
            let after = self.stored(environment, Kind::Document, id).await?;
            if after.version == document.version {
                let lost = || EngineError::Internal(format!("document {id} has lost its image"));
                return Ok((about, data.ok_or_else(lost)?));
            }
            document = after;
        }
    }

    /// Forgets the image of a document's side.
    pub async fn delete_image(
        &self,
        environment: EnvironmentId,
        id: ResourceId,
        side: &str,
    ) -> Result<()> {
        self.change(environment, |at| {
            Box::pin(async move {
                let before = self.stored(environment, Kind::Document, id).await?;
                let known = side.parse().ok();
                let found = known.and_then(|side: Side| {
                    Some((side, document::without_image(&before.resource, side, at)?))
                });
                let (side, after) = found.ok_or_else(|| no_image(id, side))?;
                let event_type = "document.updated.image_deleted";
                let changes = vec![after.change(event_type, Some(&before.resource))];
                let drop = Write::DropImage { document: id, side };
                let writes = vec![Write::Update { before, after }, drop];
                Ok(Decision { changes, writes, answer: () })
            })
        })
        .await
    }
}
