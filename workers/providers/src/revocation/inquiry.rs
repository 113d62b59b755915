//! A responder may say that it does not know a certificate, or repeat what it said weeks ago, while the revocation list is good.
//! Only the validator can tell whether a word is enough, so it is asked in turns: who asks about a certificate once more gets
//! the word of somebody who was not heard yet.

use std::collections::HashMap;

use super::{Error, Question, RevocationClient, Word};

/// What is asked for one file.
#[derive(Debug)]
pub struct Inquiry<'c> {
    client: &'c RevocationClient,
    /// By the question's OCSP request, which names the certificate: the addresses that have answered.
    heard: HashMap<Vec<u8>, Vec<String>>,
}

impl<'c> Inquiry<'c> {
    /// Nobody was heard yet.
    #[must_use]
    pub fn new(client: &'c RevocationClient) -> Self {
        Self { client, heard: HashMap::new() }
    }

    /// Asks about one certificate; the next time a source of the other kind, as long as there is one. Answers nothing when
    /// all have been heard.
    ///
    /// # Errors
    /// Of several failures the one after which another attempt makes sense.
    pub async fn ask(&mut self, question: Question<'_>) -> Result<Option<Word>, Error> {
        let heard = self.heard.get(question.ocsp_request_der).map(Vec::as_slice).unwrap_or_default();
        let all = question.ocsp_urls.iter().chain(question.crl_urls);
        if !heard.is_empty() && all.into_iter().all(|url| heard.contains(url)) {
            return Ok(None);
        }
        let lists_first = question.lists_first ^ (heard.len() % 2 == 1);
        let (url, word) = self.client.ask(question, lists_first, heard).await?;
        self.heard.entry(question.ocsp_request_der.to_vec()).or_default().push(url.to_owned());
        Ok(Some(word))
    }

    /// Somebody has answered on this certificate.
    #[must_use]
    pub fn has_heard(&self, question: Question<'_>) -> bool {
        self.heard.contains_key(question.ocsp_request_der)
    }
}
