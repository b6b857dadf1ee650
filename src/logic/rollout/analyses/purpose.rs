//! Decides the words of each purpose that a Rollout measures for, and where its status keeps the run.
//! It never decides whether a run is wanted.

use crate::api::status::{RolloutStatus, RunStatus};

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The analysis that a canary step is.
    Step,
    /// The analysis beside the steps.
    Background,
    /// The analysis before the blue-green switch.
    PrePromotion,
    /// The analysis after the blue-green switch.
    PostPromotion,
}

impl Purpose {
    /// All of them, in the order in which a pass reconciles them.
    pub(crate) const ALL: [Self; 4] = [Self::Step, Self::Background, Self::PrePromotion, Self::PostPromotion];

    /// The value of the label that says what a run is for
    /// (source: pkg/apis/rollouts/v1alpha1/types.go, the constants named `RolloutType…Label`).
    #[must_use]
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Step => "Step",
            Self::Background => "Background",
            Self::PrePromotion => "PrePromotion",
            Self::PostPromotion => "PostPromotion",
        }
    }

    /// What the name of a run ends with, for a run made at the step `index`.
    #[must_use]
    pub(crate) fn suffix(self, index: i32) -> String {
        match self {
            Self::Step => format!("-{index}"),
            Self::Background => String::new(),
            Self::PrePromotion => "-pre".to_owned(),
            Self::PostPromotion => "-post".to_owned(),
        }
    }

    /// How an abort because of such a run begins (source: rollout/analysis.go, the texts given to `AddAbort`).
    #[must_use]
    pub(crate) fn failure(self) -> &'static str {
        match self {
            Self::Step => "Step-based analysis phase error/failed",
            Self::Background => "Background analysis phase error/failed",
            Self::PrePromotion => "Blue/green pre-promotion analysis phase error/failed",
            Self::PostPromotion => "Blue/green post-promotion analysis phase error/failed",
        }
    }

    /// Whether only blue-green measures for it.
    #[must_use]
    pub(crate) fn is_blue_green(self) -> bool {
        matches!(self, Self::PrePromotion | Self::PostPromotion)
    }

    /// The run that `status` names for it.
    #[must_use]
    pub(crate) fn named(self, status: &RolloutStatus) -> Option<&RunStatus> {
        let slot = match self {
            Self::Step => &status.canary.current_step_analysis_run_status,
            Self::Background => &status.canary.current_background_analysis_run_status,
            Self::PrePromotion => &status.blue_green.pre_promotion_analysis_run_status,
            Self::PostPromotion => &status.blue_green.post_promotion_analysis_run_status,
        };
        slot.as_ref()
    }

    /// Where `status` keeps the run.
    pub(crate) fn slot(self, status: &mut RolloutStatus) -> &mut Option<RunStatus> {
        match self {
            Self::Step => &mut status.canary.current_step_analysis_run_status,
            Self::Background => &mut status.canary.current_background_analysis_run_status,
            Self::PrePromotion => &mut status.blue_green.pre_promotion_analysis_run_status,
            Self::PostPromotion => &mut status.blue_green.post_promotion_analysis_run_status,
        }
    }
}
