//! tmp. tmp.
/// x
pub struct Env;
impl Env {
    /// x
    pub fn new(_s: &crate::api::sample::Sample, _n: jiff::Timestamp) -> Self {
        Env
    }
}
/// x
pub struct Program;
impl Program {
    /// x
    pub fn compile(_: &str) -> Result<Self, String> {
        Ok(Self)
    }
    /// x
    pub fn eval_bool(&self, _: &Env) -> Result<bool, String> {
        Ok(true)
    }
}
