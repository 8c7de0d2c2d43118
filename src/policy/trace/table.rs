//! Every requirement, in the order of the ids; a table and nothing else, so its length is that of the notice's duties.

use super::{Requirement, holds, in_part, not_yet};

/// The requirements, `R-001` first.
pub const REQUIREMENTS: [Requirement; 53] = [
    holds(
        "R-001",
        "the shipped policy has every field of the notice, as many as its inventory counts",
        &["config/kakao-work.toml", "src/policy/expand.rs"],
        &[
            "tests/it/inventory.rs::every_item_of_the_notice_is_there_and_no_other",
            "tests/it/notice.rs::the_shipped_policy_prints_the_notice",
        ],
    ),
    holds(
        "R-002",
        "a field that its category does not declare is dropped and counted, or refuses the record",
        &["src/engine/resolve.rs", "src/policy/coverage.rs", "garim policy coverage"],
        &["tests/it/engine.rs::unlisted_fields", "tests/it/coverage.rs::every_value_is_counted_where_it_belongs"],
    ),
    holds(
        "R-003",
        "a tier declares its purposes or its law; a field whose category has none of them is not in it",
        &["src/policy/expand.rs", "src/policy/check.rs"],
        &[
            "tests/it/inventory.rs::every_category_serves_its_purposes_on_its_grounds",
            "tests/it/categories.rs::categories_are_the_items_that_they_stand_for",
            "tests/it/class_table.rs::every_record_of_every_category_is_in_its_tiers_as_the_notice_says",
        ],
    ),
    holds(
        "R-004",
        "passwords leave in no form, in no topic, log or error",
        &["config/kakao-work.toml", "src/secret.rs"],
        &[
            "tests/it/class_table.rs::every_record_of_every_category_is_in_its_tiers_as_the_notice_says",
            "tests/it/secrecy.rs::treatment_leaves_no_canary_in_outputs_refusals_memory_or_metrics",
            "tests/it/secrecy.rs::the_program_tells_places_and_reasons_only",
        ],
    ),
    holds(
        "R-005",
        "unique identification numbers are masked whole everywhere, and counted",
        &[
            "src/kind/rrn.rs",
            "src/kind/frn.rs",
            "src/kind/driver_license.rs",
            "src/kind/passport.rs",
            "src/policy/rule.rs",
        ],
        &[
            "tests/it/detection.rs::every_identifier_is_found_wherever_it_stands_and_however_it_is_written",
            "tests/it/detection.rs::masked_text_holds_nothing_and_is_the_same_but_for_what_was_found",
            "tests/it/synthetic.rs::no_canary_and_no_identifier_leaves",
        ],
    ),
    holds(
        "R-006",
        "of an ID-card copy only name and birth date are readable, only in until-case-closed; no image bytes leave",
        &["config/kakao-work.toml"],
        &[
            "tests/it/class_table.rs::every_record_of_every_category_is_in_its_tiers_as_the_notice_says",
            "tests/it/policy.rs::the_examples_of_the_shipped_policies_hold",
        ],
    ),
    holds(
        "R-007",
        "tokens have 256-bit keys and at least 128 bits; equal in a domain, different across domains",
        &["src/pseudonym/mod.rs", "src/pseudonym/token.rs", "src/pseudonym/epoch.rs"],
        &[
            "tests/it/tokens.rs::published_vectors",
            "tests/it/tokens.rs::tokens_differ_in_everything_that_keeps_them_apart",
            "tests/it/engine.rs::tokens_are_stable_and_separate",
        ],
    ),
    holds(
        "R-008",
        "no unique value is equal in two domains; an event keeps its second in one tier at most",
        &["src/engine/write.rs", "src/engine/spread.rs", "src/record/time.rs", "src/cli/topics/readers.rs"],
        &[
            "tests/it/tokens.rs::tokens_differ_in_everything_that_keeps_them_apart",
            "tests/it/tokens.rs::spread_outputs_stand_in_the_order_of_their_ids",
            "tests/it/recipients.rs::a_tier_may_be_put_out_of_order",
            "tests/it/class_table.rs::every_record_of_every_category_is_in_its_tiers_as_the_notice_says",
        ],
    ),
    holds(
        "R-009",
        "a replay under the same policy gives byte-identical records: epoch and tier depend on the record only",
        &["src/engine/mod.rs", "src/engine/day.rs", "src/engine/seal.rs"],
        &[
            "tests/it/tokens.rs::the_same_record_has_the_same_token_wherever_it_is_treated",
            "tests/it/seal.rs::a_replay_seals_to_the_same_bytes_and_another_place_to_others",
            "tests/it/cli.rs::keys_are_made_listed_and_used",
        ],
    ),
    holds(
        "R-010",
        "what cannot be parsed, classified or masked goes to quarantine, sealed to people or as its place alone",
        &["src/engine/outcome.rs", "src/service/quarantine.rs", "src/service/notice.rs"],
        &[
            "tests/it/engine.rs::why_a_record_does_not_leave",
            "tests/it/quarantine.rs::only_the_recipient_opens_it_and_only_whole",
            "tests/kafka/refusals.rs::bad_input_is_refused_by_name",
        ],
    ),
    holds(
        "R-011",
        "optional items need the person's consent, else they are dropped; SAP only with the feature in use",
        &["config/kakao-work.toml", "src/policy/expand.rs"],
        &[
            "tests/it/class_table.rs::every_record_of_every_category_is_in_its_tiers_as_the_notice_says",
            "tests/it/policy.rs::the_examples_of_the_shipped_policies_hold",
        ],
    ),
    holds(
        "R-012",
        "children's items need the guardian's consent and go to no recipient and no statistics; device records are sealed whole",
        &["config/kakao-work.toml", "src/engine/seal.rs"],
        &[
            "tests/it/class_table.rs::every_record_of_every_category_is_in_its_tiers_as_the_notice_says",
            "tests/it/policy.rs::the_examples_of_the_shipped_policies_hold",
        ],
    ),
    holds(
        "R-013",
        "marketing-3y takes only who consented to marketing",
        &["config/kakao-work.toml", "src/engine/resolve.rs"],
        &[
            "tests/it/class_table.rs::every_record_of_every_category_is_in_its_tiers_as_the_notice_says",
            "tests/it/engine.rs::a_tier_takes_what_meets_its_condition",
        ],
    ),
    holds(
        "R-014",
        "all 16 tiers exist as the notice has them; a missing one fails",
        &["config/kakao-work.toml"],
        &[
            "tests/it/inventory.rs::every_period_of_the_notice_is_a_tier",
            "tests/it/inventory.rs::every_category_and_tier_has_an_example",
        ],
    ),
    holds(
        "R-015",
        "calendar arithmetic: month ends, leap day, year end, holidays",
        &["src/route/term.rs", "src/route/calendar.rs"],
        &[
            "tests/it/calendar.rs::windows_are_those_of_the_notice",
            "tests/it/calendar.rs::later_events_end_later",
            "src/route/term.rs::ends_by_the_calendar",
        ],
    ),
    holds(
        "R-016",
        "business days come from a holiday file; a missing year fails the check and counts as having none at run time",
        &["config/holidays-kr.toml", "src/policy/holidays.rs", "src/cli/check.rs"],
        &[
            "tests/it/calendar.rs::a_file_that_lacks_a_year_fails_the_check",
            "tests/it/calendar.rs::a_year_that_is_not_covered_has_no_holidays",
            "tests/it/calendar.rs::every_year_of_the_file_is_that_of_an_independent_source",
        ],
    ),
    in_part(
        "R-017",
        "records of a legal minimum stay readable until keep_until, whatever is requested",
        &["src/service/custody.rs", "src/policy/key/term.rs", "src/route/stay.rs", "src/kafka/drift.rs"],
        &[
            "tests/it/custody.rs::what_the_law_asks_for_and_what_a_mirror_holds_is_not_destroyed",
            "tests/it/keys/terms.rs::keys_are_due_after_their_last_day_and_the_law_s_not_before",
            "src/route/stay.rs::a_day_deletes_what_is_past_its_end_and_nothing_that_may_be_early",
            "src/kafka/drift.rs::each_broken_window_has_its_own_complaint",
        ],
        "keys and bytes are kept; requests of subjects, which must not shorten that, are not taken yet",
    ),
    holds(
        "R-018",
        "a daily expiry makes records unreadable between keep_until and destroy_by, and a verification proves it",
        &[
            "src/route/stay.rs",
            "src/service/expiry.rs",
            "src/service/survey.rs",
            "garim topics expire",
            "garim topics verify",
        ],
        &[
            "tests/kafka/topics.rs::expire_deletes_what_is_due_and_nothing_else_and_says_so_first",
            "tests/kafka/topics.rs::a_minute_is_a_minute_on_a_busy_and_on_an_idle_partition",
            "src/service/survey.rs::a_record_is_kept_then_due_then_late_then_overdue",
            "tests/it/mortality.rs::after_its_end_a_key_makes_nothing_finds_nothing_and_opens_nothing",
        ],
    ),
    holds(
        "R-019",
        "a record that is too old for its tier on arrival is not written there, and counted",
        &["src/engine/resolve.rs"],
        &["tests/it/engine.rs::age_on_arrival"],
    ),
    not_yet(
        "R-020",
        "an end event makes the subject's tokens underivable and its seals unopenable by the fifth business day",
        "end events (`control.lifecycle`) are not read yet; keys end by day, year and tenant",
    ),
    not_yet(
        "R-021",
        "contract_terminated ends every subject of the tenant; member_left and member_removed one",
        "end events are not read yet; `garim keys destroy` can end a tenant's key by hand",
    ),
    not_yet("R-022", "a late record of an ended subject reaches legal tiers only", "end events are not read yet"),
    not_yet(
        "R-023",
        "access closes at the end event; restore within five business days cancels the destruction",
        "end events are not read yet",
    ),
    holds(
        "R-024",
        "legal tiers share no topic, key or reader with other groups",
        &["src/policy/topic.rs", "src/policy/lint.rs", "src/cli/topics/readers.rs", "src/pseudonym/epoch.rs"],
        &[
            "tests/it/policy.rs::every_bad_file_earns_its_complaints",
            "tests/it/tokens.rs::tokens_differ_in_everything_that_keeps_them_apart",
        ],
    ),
    holds(
        "R-025",
        "legal tiers feed no statistics; a recipient gets of them only what the notice says",
        &["config/kakao-work.toml", "src/policy/recipient.rs"],
        &[
            "tests/it/class_table.rs::every_record_of_every_category_is_in_its_tiers_as_the_notice_says",
            "tests/it/inventory.rs::every_processor_of_the_notice_is_there_and_gets_nothing_yet",
        ],
    ),
    in_part(
        "R-026",
        "destruction is irreversible: all copies of the key, then the bytes; a record states what, how and when",
        &[
            "src/service/custody/destroy.rs",
            "src/policy/key/remove.rs",
            "src/service/expiry.rs",
            "garim keys destroy",
            "garim topics expire",
        ],
        &[
            "tests/it/custody.rs::a_destruction_that_is_killed_at_any_step_is_completed",
            "tests/it/custody.rs::a_start_refuses_a_copy_that_was_put_back_and_brings_a_mirror_in_line",
            "tests/kafka/topics.rs::expire_deletes_what_is_due_and_nothing_else_and_says_so_first",
            "tests/kafka/keys.rs::a_key_dies_while_garim_runs_and_does_not_come_back",
        ],
        "the act names keys, tier, epoch, reason and time; that of a deletion names topic, offsets and at most how many records; the end of a key does not count the records that end with it",
    ),
    in_part(
        "R-027",
        "a retention audit finds nothing readable past destroy_by in any partition, and its result is signed",
        &["src/service/survey.rs", "garim topics verify"],
        &["tests/kafka/topics.rs::a_minute_is_a_minute_on_a_busy_and_on_an_idle_partition"],
        "`topics verify` finds it, for each partition; its result is not signed into the log yet",
    ),
    holds(
        "R-028",
        "service and case topics keep bytes for a year after their append at most",
        &["src/route/stay.rs", "config/kakao-work.toml"],
        &[
            "tests/it/recipients.rs::tiers_that_an_event_ends_are_bounded_all_the_same",
            "src/route/stay.rs::bytes_are_kept_for_the_longest_calendar_length_and_the_holidays",
        ],
    ),
    holds(
        "R-029",
        "only recipients of the notice, each with a key domain of its own",
        &["config/kakao-work.toml", "src/policy/recipient.rs", "src/pseudonym/epoch.rs"],
        &[
            "tests/it/inventory.rs::every_processor_of_the_notice_is_there_and_gets_nothing_yet",
            "tests/it/tokens.rs::tokens_differ_in_everything_that_keeps_them_apart",
        ],
    ),
    holds(
        "R-030",
        "no record of the public-sector service goes to a recipient but statistics to kakao; one without origin counts as such",
        &["config/kakao-work.toml", "src/policy/recipient.rs"],
        &[
            "tests/it/recipients.rs::no_record_about_the_public_sector_service_goes_to_a_processor",
            "tests/it/recipients.rs::an_agency_shares_its_statistics_only",
        ],
    ),
    holds(
        "R-031",
        "zendesk gets six items, a seventh fails the check; its region is declared, the connection encrypted",
        &["config/kakao-work.toml", "src/policy/recipient.rs", "src/kafka/settings.rs"],
        &[
            "tests/it/policy.rs::every_bad_file_earns_its_complaints",
            "tests/it/notice_recipients.rs::zendesk_gets_six_items_at_most",
            "tests/it/recipient_holds.rs::nothing_goes_abroad_in_clear",
        ],
    ),
    holds(
        "R-032",
        "no sealed value goes to a recipient",
        &["src/policy/rule.rs"],
        &[
            "tests/it/policy.rs::every_bad_file_earns_its_complaints",
            "tests/it/notice_recipients.rs::no_recipient_gets_more_than_its_share",
        ],
    ),
    holds(
        "R-033",
        "a reseller gets the records of its own tenants only",
        &["src/policy/recipient.rs"],
        &["tests/it/recipients.rs::a_reseller_gets_its_own_tenants_only"],
    ),
    holds(
        "R-034",
        "a third party gets records only by a recorded grant: ground, reason, end",
        &["src/policy/recipient.rs"],
        &[
            "tests/it/policy.rs::every_bad_file_earns_its_complaints",
            "tests/it/recipient_holds.rs::nothing_is_sent_after_the_last_day_of_a_grant",
        ],
    ),
    not_yet(
        "R-035",
        "requests to withdraw, erase, stop, see and correct, by the subject or a legal representative",
        "requests (`control.rights`) are not taken yet",
    ),
    not_yet(
        "R-036",
        "an answer within ten calendar days, an alarm on the seventh, an extension only with a recorded notice",
        "requests are not taken yet",
    ),
    not_yet(
        "R-037",
        "while a request is pending, the subject's new records go sealed to hold, and only legal tiers go on",
        "requests are not taken yet, and there is no hold topic",
    ),
    not_yet("R-038", "a refusal names one of four grounds", "requests are not taken yet"),
    not_yet(
        "R-039",
        "on completion the hold is released or destroyed; erasure by the fifth business day",
        "requests are not taken yet",
    ),
    not_yet(
        "R-040",
        "recipients that had the subject get a notice with their own token, without delay",
        "requests are not taken yet",
    ),
    in_part(
        "R-041",
        "one identifier finds all records of the subject over epochs and tiers, and the operator sees no clear value",
        &["src/cli/lookup.rs", "garim lookup"],
        &["tests/it/lookup.rs::a_look_up_finds_what_the_engine_wrote_and_is_in_the_log_first"],
        "`lookup` gives the tokens of all epochs and tiers; nothing reads the tiers for them yet",
    ),
    not_yet(
        "R-042",
        "for entrusted data the tenant is notified too, and the hold does not wait",
        "requests are not taken yet",
    ),
    in_part(
        "R-043",
        "analytics holds no token, name, phone, IP address or text; cells below ten persons are suppressed",
        &["config/kakao-work.toml", "src/policy/check.rs"],
        &[
            "tests/it/class_table.rs::every_record_of_every_category_is_in_its_tiers_as_the_notice_says",
            "tests/it/policy.rs::every_bad_file_earns_its_complaints",
        ],
        "the gauge of small cells (k-anonymity) is missing",
    ),
    holds(
        "R-044",
        "who opted out of cookies or statistics has no record in analytics",
        &["config/kakao-work.toml", "src/engine/resolve.rs"],
        &[
            "tests/it/class_table.rs::every_record_of_every_category_is_in_its_tiers_as_the_notice_says",
            "tests/it/policy.rs::the_examples_of_the_shipped_policies_hold",
        ],
    ),
    in_part(
        "R-045",
        "all connections are encrypted; clear text to anything but this machine must be allowed by name",
        &["src/kafka/settings.rs"],
        &["src/kafka/settings.rs::clear_text_stays_on_this_machine"],
        "this holds for brokers; the port of metrics and health is plain HTTP, and has no record data",
    ),
    holds(
        "R-046",
        "seals are authenticated encryption; keys are never in settings, arguments, logs or dumps",
        &["src/pseudonym/seal.rs", "src/secret.rs", "src/service/keeper.rs"],
        &[
            "tests/it/seal.rs::a_changed_envelope_stays_shut",
            "tests/it/seal.rs::envelopes_are_those_of_an_independent_implementation",
            "tests/it/secrecy.rs::what_prints_itself_prints_no_payload_and_no_key",
        ],
    ),
    in_part(
        "R-047",
        "one principal per role; opening a seal takes role, reason and a second person",
        &["src/service/opening.rs", "src/service/request.rs", "garim open"],
        &[
            "tests/it/open.rs::two_people_open_what_they_signed_for",
            "tests/it/open.rs::what_two_people_did_not_sign_opens_nothing",
            "tests/kafka/opening.rs::two_people_open_what_they_signed_for_and_nothing_else",
        ],
        "principals are the broker's: that each role has its own is set there, and not checked",
    ),
    in_part(
        "R-048",
        "access records say who, when, from where, whose, what and why, and are kept for two years",
        &["src/telemetry/audit/entry.rs", "src/kafka/topics.rs", "garim audit show"],
        &[
            "tests/it/open.rs::without_a_log_of_acts_nothing_is_opened",
            "tests/it/lookup.rs::a_look_up_finds_what_the_engine_wrote_and_is_in_the_log_first",
        ],
        "acts of garim are recorded and kept for ever; who reads a tier topic with another client is the broker's to record",
    ),
    holds(
        "R-049",
        "access records are chained, with checkpoints kept elsewhere: a change, a removal and a cut are found",
        &["src/telemetry/audit/merkle.rs", "src/telemetry/audit/checkpoint.rs", "garim audit verify"],
        &[
            "tests/it/audit/tamper.rs::whatever_is_bent_is_told",
            "tests/it/audit/tamper.rs::a_rewritten_log_does_not_pass_an_older_checkpoint",
        ],
    ),
    holds(
        "R-050",
        "no personal data in metrics, logs, errors, panics and live views",
        &["src/secret.rs", "src/telemetry/logs.rs", "src/engine/outcome.rs"],
        &[
            "tests/it/secrecy.rs::treatment_leaves_no_canary_in_outputs_refusals_memory_or_metrics",
            "tests/it/secrecy.rs::the_program_tells_places_and_reasons_only",
        ],
    ),
    in_part(
        "R-051",
        "violations, leaked canaries and unusual openings raise an alarm, day and night",
        &["deploy/alerts.yml", "src/telemetry/metrics.rs"],
        &["tests/it/metrics.rs::the_last_key_of_each_tier_is_named"],
        "there are alerts on refusals, lag and failed commits; none yet on leaked canaries and unusual openings",
    ),
    holds(
        "R-052",
        "every output carries the policy's digest; versions have dates and a diff",
        &["src/engine/write.rs", "src/policy/diff.rs", "garim policy diff"],
        &["tests/it/engine.rs::what_leaves", "tests/it/policy_diff.rs::what_differs_is_told_and_nothing_else"],
    ),
    not_yet(
        "R-053",
        "an evidence report lists rules, tests, retention audit, key and access events",
        "no verb writes one; `policy table`, `policy trace` and `audit show` are its parts",
    ),
];
