//! AnalysisRuns on the embedded cluster, measured by a controller as it runs in production: what Jobs are made, watched,
//! stopped and deleted, and which runs are refused.

mod jobs;
mod refused;
mod rig;
