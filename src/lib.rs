//! garim (가림) treats service activity logs by a policy: it masks what may stay in part, pseudonymizes what must stay
//! joinable for a while, drops the rest, and says for every record which retention tiers it goes to.
//!
//! The program `garim` does that between Kafka topics, exactly once. The library does it to any bytes:
//!
//! ```
//! use std::path::Path;
//!
//! use garim::engine::outcome::Treated;
//! use garim::engine::{Engine, Limits, Scratch};
//! use garim::pseudonym::epoch::KeyRing;
//! use garim::record::{Position, Record};
//! use garim::secret::{Key, Plain};
//!
//! let policy = r#"
//!     policy    = "shop"
//!     effective = 2026-10-01
//!     timezone  = "Asia/Seoul"
//!
//!     [tiers.orders-90d]
//!     topic = "tier.orders-90d.{source}"
//!     keep  = "90 days"
//!     time  = "minute"
//!
//!     [sources.shop]
//!     topics = ["shop.activity"]
//!     format = "json"
//!     time   = "/at"
//!
//!     [[sources.shop.items]]
//!     item = "email"
//!     at   = "/email"
//!     kind = "email"
//!     do   = "pseudonymize"
//!
//!     [[sources.shop.items]]
//!     item = "note"
//!     at   = "/note"
//!     kind = "text"
//!     do   = "scan"
//!
//!     [[sources.shop.routes]]
//!     to = ["orders-90d"]
//! "#;
//! let policy = garim::policy::parse(Path::new("shop.toml"), policy)?;
//! let engine = Engine::new(policy.plan, Limits { past_days: 30, future_days: 2 })?;
//!
//! // In production a `KeyRing` comes from a key store (`policy::key`); this one lives and dies here.
//! let keys = KeyRing::ephemeral(Key::new(b"thirty-two bytes that are random"));
//! let value = br#"{"at":"2026-11-23T09:15:42+09:00","email":"gildong@example.com","note":"010-0000-0001","ip":"192.0.2.7"}"#;
//! let record = Record {
//!     input: engine.input("shop.activity").ok_or("no such topic")?,
//!     position: Position { partition: 0, offset: 0 },
//!     timestamp_ms: None,
//!     key: None,
//!     value: Some(Plain(value)),
//!     headers: &[],
//! };
//! let (mut scratch, mut out) = (Scratch::new(), Treated::default());
//! engine.treat(&mut scratch, &keys, &[record], &mut out).map_err(|_| "a key is missing")?;
//!
//! let output = &out.outputs[0];
//! assert_eq!(engine.topic(output.source, output.tier), "tier.orders-90d.shop");
//! let text = std::str::from_utf8(&out.bytes[output.value.clone().ok_or("no value")?])?;
//! assert!(text.starts_with(r#"{"at":"2026-11-23T09:15:00+09:00","email":"em_"#));
//! assert!(text.contains(r#""note":"010-****-0001""#));
//! assert!(!text.contains("gildong") && !text.contains("192.0.2.7"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The way of one record
//!
//! Bytes come in as a [`record::Record`]. [`engine::Engine::treat`] reads each payload in one strict walk
//! ([`find::json`], or [`find::pattern`] for lines), looks into free text where the policy allows text at all
//! ([`find::text`]), decides the tiers ([`route`]), and writes each tier's output once: masks by [`mask`], tokens by
//! [`pseudonym`], sixteen hashes side by side when the batch ends. What it cannot read or treat fully becomes an
//! [`engine::outcome::Refusal`] that carries places and rules, never a byte of the payload.
//!
//! Around that pure core, [`policy`] turns a file into a plan or into all complaints about it, [`flow`] decides what
//! may be committed and when, [`kafka`] speaks to brokers, [`service`] brings the three together in lanes,
//! [`telemetry`] shows what happens, and [`cli`] is the program.

pub mod cli;
pub mod diagnostic;
pub mod engine;
pub mod find;
pub mod flow;
pub mod kafka;
pub mod kind;
pub mod limits;
pub mod mask;
pub mod policy;
pub mod pseudonym;
pub mod record;
pub mod route;
pub mod secret;
pub mod service;
pub mod telemetry;
