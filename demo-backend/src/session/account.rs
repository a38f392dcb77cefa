//! The one account of a session's API: who is signed in, and what is only theirs. It shows what a cookie is worth to others.

use super::notes::Note;

/// The name of the user.
pub const USER: &str = "alice";
/// What is on the account of a new session.
pub const FIRST_BALANCE: u32 = 100;
/// What a transfer takes from the account.
pub const TRANSFER: u32 = 10;

/// What only the signed-in user gets.
const NOTES: [&str; 2] = ["The alarm code is 4711", "The surprise party is on Friday"];

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    token: Option<u64>,
    balance: u32,
}

impl Default for Account {
    fn default() -> Self {
        Self { token: None, balance: FIRST_BALANCE }
    }
}

impl Account {
    /// Signs the user in, and returns the cookie's value. It is the same until the session is reset, so that a person can
    /// be signed in at both of the API's addresses.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers for it.
    pub fn sign_in(&mut self) -> Result<u64, getrandom::Error> {
        if let Some(token) = self.token {
            return Ok(token);
        }
        let token = getrandom::u64()?;
        self.token = Some(token);
        Ok(token)
    }

    /// Whether this is the cookie of somebody who signed in.
    pub fn is_signed_in(&self, cookie: Option<u64>) -> bool {
        self.token.is_some() && self.token == cookie
    }

    /// What is on the account.
    pub fn balance(&self) -> u32 {
        self.balance
    }

    /// Whether a transfer is possible.
    pub fn is_empty(&self) -> bool {
        self.balance < TRANSFER
    }

    /// Takes a transfer from the account, if there is enough on it.
    pub fn transfer(&mut self) {
        if !self.is_empty() {
            self.balance -= TRANSFER;
        }
    }

    /// The user's own notes.
    pub fn notes() -> Vec<Note> {
        (1..).zip(NOTES).map(|(id, text)| Note { id, text: text.to_owned() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_signed_in_before_they_sign_in() {
        let mut account = Account::default();
        for cookie in [None, Some(0), Some(1)] {
            assert!(!account.is_signed_in(cookie), "{cookie:?}");
        }
        let token = account.sign_in().expect("random numbers");
        assert!(account.is_signed_in(Some(token)));
        assert!(!account.is_signed_in(Some(!token)) && !account.is_signed_in(None));
        assert_eq!(account.sign_in(), Ok(token), "the same at both addresses");
    }

    #[test]
    fn an_account_is_never_overdrawn() {
        let mut account = Account::default();
        for _ in 0..20 {
            account.transfer();
        }
        assert_eq!(account.balance(), 0);
        assert!(account.is_empty());
    }
}
