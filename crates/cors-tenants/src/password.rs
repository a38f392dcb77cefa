//! Passwords as Argon2id hashes, with the parameters that the crate recommends, and tokens of 256 random bits.

use std::sync::LazyLock;

use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _, password_hash::SaltString};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

/// Each takes 19 MiB and some milliseconds of a core, so a flood of them waits here and not in memory.
static PLACES: Semaphore = Semaphore::const_new(2);
/// How many may wait.
static QUEUE: Semaphore = Semaphore::const_new(64);

/// A hash that no password has, which is compared where there is no account: the time that it takes then says nothing.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_now("nobody").ok());

/// Why a password could not be hashed or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// Too many wait.
    Busy,
    /// The system gives no random numbers, or the stored hash is damaged.
    Failed,
}

/// Hashes a password, on another thread.
///
/// # Errors
///
/// If too many wait, or the system gives no random numbers.
pub async fn hash(password: String) -> Result<String, PasswordError> {
    work(move || hash_now(&password)).await
}

/// Whether a password has this hash; it never has if there is none. On another thread.
///
/// # Errors
///
/// If too many wait, or the hash can't be read.
pub async fn is_right(password: String, hash: Option<String>) -> Result<bool, PasswordError> {
    work(move || {
        is_right_by(hash.as_deref(), |hash| {
            Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
        })
    })
    .await
}

/// Compares once, whether there is a hash or not.
fn is_right_by(
    hash: Option<&str>,
    compare: impl FnOnce(&PasswordHash<'_>) -> bool,
) -> Result<bool, PasswordError> {
    let compared = hash.or(NOBODY.as_deref()).ok_or(PasswordError::Failed)?;
    let is_equal = compare(&PasswordHash::new(compared).map_err(|_| PasswordError::Failed)?);
    Ok(is_equal && hash.is_some())
}

async fn work<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let _queued = QUEUE.try_acquire().map_err(|_| PasswordError::Busy)?;
    // Neither semaphore is ever closed.
    let _place = PLACES.acquire().await.map_err(|_| PasswordError::Busy)?;
    tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Failed)?
}

fn hash_now(password: &str) -> Result<String, PasswordError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| PasswordError::Failed)?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| PasswordError::Failed)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Failed)
}

/// A new session's token.
///
/// # Errors
///
/// If the system gives no random numbers.
pub fn new_token() -> Result<String, PasswordError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| PasswordError::Failed)?;
    Ok(hexadecimal(&bytes))
}

/// What is stored of a token. It is random, so a fast hash is enough.
pub fn token_hash(token: &str) -> String {
    hexadecimal(&Sha256::digest(token.as_bytes()))
}

/// What a page has to send with a change, in addition to the cookie. It follows from the session's token, so nothing is
/// stored, and only whoever may read the token's session gets it.
pub fn csrf_token(token: &str) -> String {
    hexadecimal(&Sha256::new().chain_update(b"csrf\0").chain_update(token.as_bytes()).finalize())
}

/// Compares in a time that does not say where they differ.
pub fn is_equal(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one.bytes().zip(other.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_for_its_hash_only() {
        let hashed = hash("correct horse".to_owned()).await.expect("hashed");
        assert!(hashed.starts_with("$argon2id$"), "{hashed}");
        assert_ne!(hash("correct horse".to_owned()).await.expect("hashed"), hashed, "salted");
        let is_right = async |password: &str, hash: Option<&str>| {
            is_right(password.to_owned(), hash.map(str::to_owned)).await
        };
        assert_eq!(is_right("correct horse", Some(&hashed)).await, Ok(true));
        assert_eq!(is_right("correct horsf", Some(&hashed)).await, Ok(false));
        assert_eq!(is_right("", Some(&hashed)).await, Ok(false));
        // Where there is no account, not even the password whose hash is compared.
        assert_eq!(is_right("nobody", None).await, Ok(false));
        assert_eq!(is_right("x", Some("damaged")).await, Err(PasswordError::Failed));
    }

    /// Else the time until the response would say which accounts there are.
    #[test]
    fn no_account_costs_as_much_as_a_wrong_password() {
        let hashed = hash_now("correct horse").expect("hashed");
        let cost = |hash: Option<&str>| {
            let mut costs = Vec::new();
            let compare = |hash: &PasswordHash<'_>| {
                let length = (hash.salt.map(|salt| salt.len()), hash.hash.map(|hash| hash.len()));
                costs.push((hash.algorithm.to_string(), hash.version, hash.params.to_string(), length));
                false
            };
            assert_eq!(is_right_by(hash, compare), Ok(false));
            costs
        };
        let with_account = cost(Some(&hashed));
        assert_eq!(with_account.len(), 1);
        assert_eq!(cost(None), with_account);
    }

    #[test]
    fn tokens_differ_and_nothing_stored_is_one() {
        let (one, other) = (new_token().expect("random"), new_token().expect("random"));
        assert_ne!(one, other);
        assert_eq!(one.len(), 64);
        assert!(!is_equal(&token_hash(&one), &csrf_token(&one)));
        assert!(is_equal(&one, &one.clone()) && !is_equal(&one, &other) && !is_equal(&one, &one[1..]));
    }
}
