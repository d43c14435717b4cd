//! The cases of the contract, and `contract!`, which makes a test of each on one world.

pub(crate) mod anchor;
pub(crate) mod create;
pub(crate) mod failing;
pub(crate) mod jobs;
pub(crate) mod replace;
pub(crate) mod update;

/// Runs one case, and cleans up whatever came of it.
#[macro_export]
macro_rules! case {
    ($world:expr, $file:ident :: $case:ident) => {{
        use futures_util::FutureExt;
        let world = $world;
        let mut stage = $crate::provider::stage::Stage::new(&world, stringify!($case));
        let case = $crate::provider::cases::$file::$case(&mut stage);
        let ended = std::panic::AssertUnwindSafe(case).catch_unwind().await;
        stage.clean().await;
        if let Err(panic) = ended {
            std::panic::resume_unwind(panic);
        }
    }};
}

/// Makes a test of every case, on the world that an expression makes.
#[macro_export]
macro_rules! contract {
    (@each $attributes:tt $world:expr; $($file:ident :: $case:ident,)*) => {
        $($crate::contract! { @one $attributes $world; $file $case })*
    };
    (@one [$($attribute:tt)*] $world:expr; $file:ident $case:ident) => {
        $($attribute)*
        async fn $case() {
            $crate::case!($world, $file::$case);
        }
    };
    ($attributes:tt $world:expr) => {
        $crate::contract! { @each $attributes $world;
            create::what_is_made_is_what_is_desired,
            create::a_network_is_made_once_and_taken_back,
            create::a_volume_is_made_once_and_taken_back,
            create::a_volume_of_somebody_else_is_a_conflict,
            create::an_image_is_built_once_and_taken_back,
            create::a_context_that_changed_is_refused,
            create::external_things_are_looked_up,
            create::a_service_is_made_once_and_taken_back,
            create::replicas_are_made_at_once,
            create::a_missing_network_is_named,
            create::a_stopped_container_can_be_removed,
            create::secrets_come_back_as_holes,
            create::config_files_are_put_before_the_start,
            replace::new_first,
            replace::old_first,
            replace::rolling,
            replace::old_first_with_a_fixed_port,
            replace::an_undo_that_comes_first_changes_nothing,
            replace::a_retained_container_is_started_again,
            replace::a_rollback_command_runs,
            replace::a_network_is_replaced_beside_the_old_one,
            update::limits_change_in_place,
            update::scaling_up,
            update::scaling_down,
            update::what_was_stopped_by_hand_is_started,
            update::deleting_stops_and_keeps,
            jobs::a_job_runs_once,
            jobs::a_failing_job_shows_its_log,
            jobs::a_rollback_command_runs_in_the_undo,
            jobs::a_job_that_never_started_is_not_rolled_back,
            failing::what_is_never_healthy_shows_its_log_without_secrets,
            failing::what_ends_is_told_with_its_code,
            failing::a_service_without_a_check_has_to_stay_up,
            failing::a_failed_replacement_leaves_the_old_one_serving,
            failing::a_missing_secret_is_named,
            failing::a_taken_name_is_a_conflict,
            failing::the_tail_is_clean,
            anchor::it_is_taken_refused_and_given_back,
            anchor::it_is_taken_twice_by_the_same,
            anchor::a_renewed_lease_lasts_longer,
            anchor::a_lost_anchor_cannot_be_renewed,
            anchor::a_dead_holder_is_replaced,
            anchor::of_many_one_wins,
        }
    };
}
