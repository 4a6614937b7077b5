//! Tracking scripts: started every interval, never waited for, killed when they hang.
//!
//! A run that isn't over when the next is due doesn't keep it back, as in the reference: each has its own time limit, so
//! there are never more of a script than fit into it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use locum_kernel::run_as::Ended;
use locum_model::{keepalived::Configuration, track::TrackScript};
use locum_runtime::script::Command;
use tokio::sync::mpsc;

use super::super::face::Trouble;
use crate::{identity::Name, input::ScriptResult};

/// All scripts that somebody tracks.
#[derive(Debug)]
pub(in crate::driver) struct Scripts {
    list: Vec<Tracking>,
    news: mpsc::UnboundedSender<News>,
}

/// What tasks of runs report.
#[derive(Debug)]
pub(in crate::driver) enum News {
    /// A run was told to end.
    TimedOut(Name),
    /// A run is over.
    Ended {
        /// Whose.
        script: Name,
        /// How.
        ended: Ended,
        /// It had been told to end.
        timed_out: bool,
    },
}

#[derive(Debug)]
struct Tracking {
    name: Name,
    config: TrackScript,
    command: Command,
    next: Instant,
    running: u32,
    being_timed_out: bool,
}

impl Scripts {
    /// None yet; [`Self::reload`] gives them. News arrive at the other end of the channel.
    pub(in crate::driver) fn new(news: mpsc::UnboundedSender<News>) -> Self {
        Self {
            list: Vec::new(),
            news,
        }
    }

    /// Takes over a configuration. Scripts that stay as they are keep their rhythm, new ones run at once.
    pub(in crate::driver) fn reload(&mut self, configuration: &Configuration, now: Instant) {
        let wanted = super::tracked(configuration, |tracks| &tracks.scripts);
        let mut old = std::mem::take(&mut self.list);
        for config in &configuration.scripts {
            if !wanted.contains(config.name.value.as_str()) {
                continue;
            }
            let same = old.iter().position(|script| script.config == *config);
            self.list.push(match same {
                Some(at) => old.swap_remove(at),
                None => Tracking {
                    name: Arc::from(config.name.value.as_str()),
                    command: Command::of(&config.script, &[]),
                    config: config.clone(),
                    next: now,
                    running: 0,
                    being_timed_out: false,
                },
            });
        }
    }

    /// Whether a run of a script isn't over.
    pub(in crate::driver) fn is_running(&self, name: &str) -> bool {
        let mut list = self.list.iter();
        list.any(|script| *script.name == *name && script.running > 0)
    }

    /// When the next is due.
    pub(in crate::driver) fn deadline(&self) -> Option<Instant> {
        self.list.iter().map(|script| script.next).min()
    }

    /// Starts what is due; `failed` learns of those that can't be started at all.
    pub(in crate::driver) fn run_due(
        &mut self,
        now: Instant,
        mut trouble: impl FnMut(Trouble),
        mut failed: impl FnMut(&Name),
    ) {
        for script in &mut self.list {
            if script.next > now {
                continue;
            }
            script.next = next_after(script.next, script.config.interval, now);
            if script.running > 0 {
                trouble(Trouble::ScriptBusy {
                    script: script.name.clone(),
                    being_timed_out: script.being_timed_out,
                });
            }
            match script.command.start() {
                Ok(run) => {
                    script.running += 1;
                    let limit = script.config.timeout.unwrap_or(script.config.interval);
                    tokio::spawn(follow(run, limit, script.name.clone(), self.news.clone()));
                }
                Err(_) => failed(&script.name),
            }
        }
    }

    /// Takes news of a run: what the engine is told, and what the face is.
    pub(in crate::driver) fn on_news(
        &mut self,
        news: News,
    ) -> Option<(Name, ScriptResult, Option<Trouble>)> {
        let name = match &news {
            News::TimedOut(name) | News::Ended { script: name, .. } => name,
        };
        // One that a reload has removed is nobody's business any more.
        let script = self.list.iter_mut().find(|script| script.name == *name)?;
        match news {
            News::TimedOut(_) => {
                script.being_timed_out = true;
                None
            }
            News::Ended {
                ended, timed_out, ..
            } => {
                script.running = script.running.saturating_sub(1);
                script.being_timed_out = false;
                let (result, trouble) = match ended {
                    _ if timed_out => (ScriptResult::TimedOut, None),
                    Ended::Exited(status) => (ScriptResult::Exited(status), None),
                    Ended::Signaled(signal) => (ScriptResult::Signalled(signal), None),
                    // The reference's child exits with 0 when it can't execute the program: a script that is being
                    // replaced doesn't take a node down.
                    Ended::NotExecuted(errno) => {
                        let program = script.command.argv.first().cloned().unwrap_or_default();
                        let trouble = Trouble::NotExecuted {
                            program: program.into(),
                            errno,
                        };
                        (ScriptResult::Exited(0), Some(trouble))
                    }
                };
                Some((script.name.clone(), result, trouble))
            }
        }
    }
}

/// The rhythm stays that of the first run, however late one starts; runs that a stall has swallowed aren't made up for.
fn next_after(due: Instant, interval: Duration, now: Instant) -> Instant {
    let next = due + interval;
    if next > now { next } else { now + interval }
}

async fn follow(
    run: locum_runtime::script::Script,
    limit: Duration,
    script: Name,
    news: mpsc::UnboundedSender<News>,
) {
    let told = news.clone();
    let name = script.clone();
    let outcome = run
        .ended_within(limit, move || {
            let _ = told.send(News::TimedOut(name));
        })
        .await;
    if let Ok(outcome) = outcome {
        let _ = news.send(News::Ended {
            script,
            ended: outcome.ended,
            timed_out: outcome.timed_out,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rhythm_is_kept_and_a_stall_is_not_made_up_for() {
        let start = locum_runtime::clock::now();
        let second = Duration::from_secs(1);
        let after = |late_ms| next_after(start, second, start + Duration::from_millis(late_ms));
        assert_eq!(after(0), start + second);
        assert_eq!(after(400), start + second);
        assert_eq!(after(6000), start + 7 * second);
    }
}
