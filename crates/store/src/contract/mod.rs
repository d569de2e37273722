//! The contract: every law of the traits, as a test that every backend passes.
//!
//! A law is a function that takes a [`Backend`] and panics if the law is broken; its name is the
//! law. [`store_contract!`](crate::store_contract) makes each of them a test of its own in the
//! backend's crate, so that a broken one is named in the output:
//!
//! ```text
//! struct Files(TempDir);
//!
//! impl Backend for Files { /* opens the same file again and again */ }
//!
//! herald_store::store_contract!(Files::new());
//! ```
//!
//! The laws go by trait ([`queue`], [`settling`] and [`manual`] share [`crate::Queue`]; [`attempts`]
//! is what is kept of an attempt; [`notices`] is about
//! [`crate::Notices`] and how they come about; [`secrets`] is a part of [`crate::Webhooks`]; [`recording_for_one`]
//! is a part of [`crate::Recording`]; [`resources`], [`resource_writes`], [`resource_lists`] and
//! [`resource_filters`] are about [`crate::Resources`] and how they are written). Beside them stands [`model`], a store in plain collections that is
//! simple enough to be right by reading: it passes every law itself, and [`walk`] compares a
//! backend to it, step by random step, where single laws would not think of looking.
//!
//! # To add a law
//!
//! 1. Write it beside its trait's others, its name a sentence.
//! 2. Name it in [`store_contract!`](crate::store_contract); a test here notices if you forget.
//! 3. Make the model keep it, then the backends.

#![allow(missing_docs, reason = "a law's name is its sentence; the helpers are documented")]
#![allow(clippy::unwrap_used, reason = "this is test code that other crates have to reach")]

use crate::Store;

pub mod accounts;
pub mod attempts;
pub mod endpoints;
pub mod fixtures;
pub mod fixtures_resources;
pub mod history;
pub mod manual;
pub mod model;
pub mod nodes;
pub mod notices;
pub mod queue;
pub mod recording;
pub mod recording_for_one;
pub mod recoveries;
pub mod resource_filters;
pub mod resource_lists;
pub mod resource_writes;
pub mod resources;
pub mod secrets;
pub mod sessions;
pub mod settling;
pub mod statistics;
#[cfg(test)]
mod tests;
pub mod upkeep;
pub mod walk;
pub mod webhooks;

/// Where a backend keeps its data, and how it opens it.
pub trait Backend: Send + Sync {
    /// The backend.
    type Store: Store;

    /// A fresh process on the same data. The store that was opened before has been dropped, as it
    /// stood: with claims not released, and nothing said to it.
    fn open(&self) -> impl Future<Output = Self::Store> + Send;
}

/// Makes a test of every law. The argument is an expression of a [`Backend`](contract::Backend)
/// with no data; each test evaluates it anew.
#[macro_export]
macro_rules! store_contract {
    (@laws $backend:expr, $module:ident: $($law:ident)*) => {
        mod $module {
            #[allow(unused_imports, reason = "the backend may be named by its whole path")]
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $law() {
                    $crate::contract::$module::$law($backend).await;
                }
            )*
        }
    };
    ($backend:expr) => {
        $crate::store_contract!(@laws $backend, accounts:
            an_account_is_found_with_all_its_fields
            an_account_that_was_never_made_is_not_found
            an_account_is_made_together_with_its_keys
            an_account_is_made_once_however_many_try
            accounts_are_listed_newest_first_in_pages
            a_key_is_found_by_its_hash_revoked_or_not
            a_key_is_added_to_an_account_that_is_there
            a_key_of_an_unknown_account_is_not_kept
            revoking_again_keeps_the_time_of_the_first_revocation
            a_key_is_revoked_only_by_its_own_account
            accounts_and_keys_survive_reopening
        );
        $crate::store_contract!(@laws $backend, webhooks:
            a_webhook_is_kept_with_all_its_fields
            a_webhook_of_an_unknown_account_is_not_made
            an_environment_has_no_more_webhooks_than_its_limit
            the_limit_holds_when_many_are_made_at_once
            webhooks_are_listed_newest_first_in_pages
            each_filter_keeps_what_it_says_and_all_hold_together
            a_patch_changes_what_it_names_and_nothing_else
            a_patch_leaves_the_deliveries_as_they_are
            a_deleted_webhook_is_gone_at_once
            nothing_matches_a_deleted_webhook
            nothing_of_a_deleted_webhook_can_be_claimed
            another_environment_sees_and_touches_no_webhook
        );
        $crate::store_contract!(@laws $backend, secrets:
            a_webhook_is_made_with_a_rotation_as_it_is
            a_rotation_is_kept_and_survives_reopening
            a_second_rotation_is_refused_while_one_runs_and_changes_nothing
            a_patch_and_an_exhausted_delivery_leave_a_rotation_alone
            what_is_claimed_after_a_change_of_secrets_has_them
            the_secret_of_no_other_environments_webhook_is_changed
            what_is_left_of_a_rotation_is_forgotten_when_it_is_over
            rotations_are_ended_no_more_than_the_limit_at_a_time
        );
        $crate::store_contract!(@laws $backend, resources:
            a_resource_is_read_as_it_was_written_with_its_version
            a_resource_that_was_never_made_is_not_found
            a_resource_is_written_together_with_its_events
            a_deleted_resource_is_gone_and_can_be_changed_no_more
            nothing_is_written_for_an_unknown_account
            another_environment_sees_and_touches_no_resource
            the_kinds_do_not_mix
            belongings_are_addresses_and_documents_in_order_of_recording
            images_are_kept_byte_for_byte_up_to_their_greatest_length
            an_image_is_replaced_and_dropped_for_its_side_only
            the_images_of_a_document_go_with_it
            the_longest_due_comes_first_of_all_environments
            what_is_due_at_the_same_time_comes_in_order_of_recording
            a_resource_is_due_as_its_last_update_says_until_it_is_deleted
            resources_survive_reopening
            a_resource_outlives_its_events
        );
        $crate::store_contract!(@laws $backend, resource_writes:
            of_a_conflict_nothing_is_recorded
            a_write_by_an_old_version_conflicts_and_changes_nothing
            what_a_record_rests_on_has_to_be_as_it_was_read
            of_many_updates_by_one_version_one_is_accepted
            no_update_is_lost_if_the_loser_decides_anew
            nothing_is_made_for_a_client_that_is_not_there
            a_client_stays_while_an_address_or_document_of_it_is_left
            a_client_is_deleted_with_its_belongings_in_any_order
            the_checks_of_a_deleted_client_stay
            a_record_is_written_as_a_whole_or_not_at_all
            writes_are_done_in_their_order
            an_id_is_not_used_again
            a_record_that_conflicts_or_fails_harms_no_neighbour
            a_client_that_is_deleted_meanwhile_leaves_nothing_behind
            a_record_that_is_repeated_is_written_once
            a_key_used_for_something_else_writes_nothing
        );
        $crate::store_contract!(@laws $backend, resource_lists:
            resources_are_listed_as_json_last_recorded_first_in_pages
            the_order_is_of_recording_and_not_of_making_or_updating
            pages_part_what_a_filter_keeps_without_gap_or_overlap
            what_comes_after_a_deletion_has_nothing_of_what_was_deleted
            what_environments_have_alike_is_listed_apart
            lists_and_totals_follow_every_change
            totals_of_checks_follow_their_status_and_outcome
        );
        $crate::store_contract!(@laws $backend, resource_filters:
            each_filter_of_clients_holds_and_all_hold_together
            a_filter_by_what_is_no_attribute_keeps_nothing
            what_belongs_to_a_client_is_filtered_too
            a_filter_finds_what_is_and_not_what_was
            resources_are_filtered_by_when_they_were_made_and_last_changed
            a_value_is_found_exactly_whatever_is_in_it
            a_very_long_value_is_found_exactly
            a_path_is_told_from_its_value_whatever_is_in_them
        );
        $crate::store_contract!(@laws $backend, recording:
            events_and_their_fan_out_are_recorded_together
            a_fresh_delivery_is_pending_and_due_from_its_acceptance
            fresh_deliveries_are_claimed_by_the_recorder
            a_match_of_a_disabled_webhook_is_held
            the_destinations_are_the_webhooks_of_what_is_claimed
            a_destination_says_when_anything_was_last_delivered_to_it
            an_event_goes_to_its_own_environment_only
            a_body_comes_back_byte_for_byte
            events_are_numbered_in_the_order_given_and_of_commit
            concurrent_events_have_each_their_own_number
            a_number_is_not_given_again_after_expiry_and_reopening
            a_webhook_made_before_an_event_always_matches_it
            a_patch_made_before_an_event_holds_for_it
            a_record_that_fails_leaves_nothing_and_harms_no_neighbour
            an_event_that_nobody_asked_for_is_recorded_all_the_same
            nothing_is_recorded_for_an_unknown_account
            the_same_key_and_fingerprint_get_the_same_receipt
            a_key_used_for_something_else_is_refused
            a_key_belongs_to_its_environment
            of_a_hundred_at_once_with_one_key_one_is_accepted
            a_record_without_events_is_accepted_and_keeps_its_key
            what_was_accepted_survives_reopening_and_is_due_again
        );
        $crate::store_contract!(@laws $backend, recording_for_one:
            what_is_for_one_webhook_goes_to_it_though_it_never_asked_for_it
            what_is_for_a_disabled_deleted_or_foreign_webhook_is_not_recorded
            what_was_accepted_for_one_webhook_alone_survives_reopening
            for_whom_alone_an_event_was_is_kept_and_only_of_such_events
        );
        $crate::store_contract!(@laws $backend, queue:
            the_oldest_due_is_claimed_first
            what_is_due_at_the_same_time_is_claimed_in_order_of_commit
            a_claim_takes_no_more_than_its_limit_and_says_what_is_next
            nothing_is_claimed_before_it_is_due
            a_claimed_delivery_carries_what_the_next_attempt_needs
            a_claim_brings_the_webhook_as_it_is_now
            a_claim_of_an_unknown_webhook_brings_nothing
            a_claim_brings_nothing_of_other_webhooks
            a_disabled_webhook_keeps_its_pending_ones_and_their_schedule
            what_is_released_can_be_claimed_at_once
            releasing_what_is_not_claimed_changes_nothing
            two_claimers_never_share_a_delivery
            due_names_the_enabled_webhooks_with_something_unclaimed
            due_goes_on_after_an_id_in_pages
            after_reopening_what_was_in_flight_is_due_again_on_its_schedule
        );
        $crate::store_contract!(@laws $backend, settling:
            a_success_makes_it_delivered
            a_failure_with_a_retry_stays_pending_until_then
            the_view_tells_of_the_last_attempt_only
            an_exhausted_delivery_may_leave_its_webhook_enabled
            an_exhausted_delivery_may_disable_its_webhook_when_it_ended
            a_webhook_that_is_disabled_already_is_not_disabled_again
            the_last_success_counts_in_whatever_order_they_are_settled
            many_settlements_are_settled_together
            a_settlement_with_a_wrong_number_changes_nothing_and_is_stale
            a_stale_settlement_does_not_give_another_claim_back
            a_settlement_of_an_unknown_delivery_is_stale
            the_second_of_two_settlements_is_stale
            a_failure_after_cancellation_is_recorded_and_stays_cancelled
            a_success_after_cancellation_is_a_delivery_and_not_stale
            what_was_in_flight_when_its_webhook_was_deleted_is_settled
            what_was_settled_survives_reopening
        );
        $crate::store_contract!(@laws $backend, manual:
            a_success_on_request_delivers_whatever_it_was
            a_failure_on_request_changes_nothing_but_is_recorded
            a_success_on_request_leaves_a_delivered_one_as_it_was
            a_failure_on_request_leaves_the_schedule_as_it_was
            what_was_delivered_on_request_is_not_claimed_any_more
            an_attempt_in_flight_while_another_delivers_is_recorded_and_late
            a_success_on_request_after_cancellation_is_a_delivery
            attempts_on_request_are_shown_among_the_others_by_time
            of_the_attempts_on_request_the_last_hundred_are_kept
            attempts_on_request_are_forgotten_with_their_event
            another_environment_records_no_attempt
        );
        $crate::store_contract!(@laws $backend, notices:
            a_webhook_that_is_warned_of_is_failing_until_that_delivery_ends
            a_success_on_request_ends_the_failing_too
            a_failing_webhook_is_not_so_while_it_is_disabled
            a_delivery_that_begins_anew_makes_no_webhook_fail
            of_several_the_delivery_counts_whose_last_attempt_comes_first
            a_success_spares_a_webhook_from_the_time_that_was_said
            nobody_is_told_again_of_a_webhook_within_the_time_that_was_said
            a_warning_that_comes_too_late_counts_for_nothing
            a_webhook_that_is_disabled_is_told_of_once_as_it_was
            without_notices_the_same_happens_and_nothing_waits
            notices_are_read_in_the_order_in_which_they_were_noted
            a_notice_is_taken_together_with_its_record_and_once
            a_notice_may_be_taken_without_a_record
            a_notice_that_cannot_be_recorded_waits_on
        );
        $crate::store_contract!(@laws $backend, recoveries:
            a_recovery_is_kept_with_all_its_fields
            a_recovery_makes_due_exactly_what_was_missed
            a_recovery_of_one_state_leaves_the_other
            what_is_made_at_the_very_time_is_missed_too
            a_recovered_delivery_has_a_fresh_schedule_and_its_numbers_go_on
            a_recovery_goes_on_some_at_a_time_and_counts_what_it_moved
            what_a_recovery_moved_it_does_not_move_again
            a_recovery_leaves_what_was_delivered_on_request_meanwhile
            a_recovery_goes_on_after_reopening
            a_cancelled_recovery_moves_nothing_more
            a_webhook_has_one_running_recovery_at_a_time
            a_recovery_ends_with_its_webhook
            recoveries_are_listed_newest_first_in_pages
            another_environment_sees_and_touches_no_recovery
            recoveries_that_ended_before_the_time_expire
        );
        $crate::store_contract!(@laws $backend, attempts:
            the_address_is_kept_in_either_family_or_none
            headers_are_kept_as_received_whatever_their_bytes
            the_body_is_kept_from_nothing_to_its_greatest_length
            every_status_is_kept
            every_class_of_failure_is_kept_with_its_detail
            a_duration_comes_back_to_the_nanosecond
            the_beginning_is_kept_to_the_millisecond
            signatures_are_kept_with_one_or_two_standard_ones_or_none
            the_url_is_the_one_at_that_time
        );
        $crate::store_contract!(@laws $backend, history:
            events_are_listed_newest_first_in_pages
            each_filter_of_events_holds_and_all_hold_together
            events_are_filtered_by_when_they_were_created
            deliveries_are_listed_newest_first_in_pages
            pages_part_the_deliveries_of_one_event_without_gap_or_overlap
            each_filter_of_deliveries_holds_and_all_hold_together
            a_state_is_filtered_by_what_it_is_now
            another_environment_sees_no_event_delivery_or_attempt
            what_was_never_made_is_not_found
            a_delivery_to_a_deleted_webhook_is_still_seen
            the_books_count_each_state_of_an_environment_and_of_all
            the_deliveries_of_each_webhook_are_counted_by_what_they_are_now
            the_next_attempts_of_a_webhook_are_those_that_are_due_first
        );
        $crate::store_contract!(@laws $backend, statistics:
            attempts_are_counted_in_the_hour_in_which_they_ended
            what_changes_nothing_is_not_counted_and_what_is_recorded_is
            hours_are_chosen_by_their_beginning_and_another_environment_sees_none
            an_environments_attempts_are_those_of_all_its_webhooks
            what_was_counted_outlives_the_attempts_and_expires_apart
        );
        $crate::store_contract!(@laws $backend, upkeep:
            an_event_whose_deliveries_have_ended_expires_with_them
            only_what_was_created_before_the_time_expires
            a_pending_or_held_delivery_keeps_its_event_and_the_others_of_it
            expiry_takes_no_more_events_than_its_limit_at_a_time
            what_may_not_expire_does_not_hide_what_may
            the_books_go_on_counting_what_expired
            a_late_settlement_of_an_expired_delivery_is_stale
            a_key_outlives_its_expired_event_and_is_forgotten_apart
            only_keys_used_before_the_time_expire
            keys_expire_no_more_than_the_limit_at_a_time
            orphans_are_cancelled_no_more_than_the_limit_at_a_time
            what_is_due_later_is_moved_to_be_due_earlier
            what_is_moved_past_now_is_due_now
            what_resources_are_due_later_is_moved_too
            noting_the_time_answers_what_was_noted_before
            a_probe_of_a_working_store_succeeds
        );
        $crate::store_contract!(@laws $backend, sessions:
            a_link_is_found_with_all_its_fields_until_it_is_used
            a_link_of_an_unknown_account_is_not_kept
            a_used_link_is_a_session_with_its_account_and_role
            a_link_is_used_once_however_many_try
            a_link_that_is_over_or_unknown_begins_no_session
            a_session_is_noted_to_be_there_and_never_earlier
            an_ended_session_is_gone_and_the_others_stay
            the_sessions_of_an_account_end_together_with_its_links
            what_is_over_expires_no_more_than_the_limit_at_a_time
            links_and_sessions_survive_reopening
        );
        $crate::store_contract!(@laws $backend, endpoints:
            an_endpoint_is_kept_with_all_its_fields
            an_endpoint_of_an_unknown_account_is_not_made
            an_environment_has_no_more_living_endpoints_than_its_limit
            the_limit_of_endpoints_holds_when_many_are_made_at_once
            endpoints_are_listed_newest_first_in_pages
            a_patch_of_an_endpoint_changes_what_it_names
            a_request_is_kept_byte_for_byte_with_all_its_fields
            a_request_is_answered_as_the_endpoint_answers_then
            the_oldest_requests_are_forgotten_beyond_the_bounds
            headers_count_as_bytes_that_are_kept
            requests_that_come_at_once_have_each_their_own_number
            requests_are_listed_newest_first_in_pages
            what_came_after_a_number_is_read_oldest_first
            an_expired_endpoint_is_gone_before_it_is_removed
            endpoints_expire_with_what_they_keep_no_more_than_the_limit_at_a_time
            a_deleted_endpoint_is_gone_with_what_it_kept
            another_environment_sees_and_touches_no_endpoint
        );
        $crate::store_contract!(@laws $backend, nodes:
            what_is_agreed_is_what_was_proposed_first
            of_many_who_propose_at_once_all_go_by_one_value
            what_was_agreed_survives_reopening
        );
        $crate::store_contract!(@laws $backend, walk:
            a_random_walk_agrees_with_the_model_at_every_step
        );
    };
}
