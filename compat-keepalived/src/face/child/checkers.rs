//! The checkers' process. Virtual servers aren't executed yet: it lives and does nothing, so that what supervises the
//! daemon finds the processes that it expects.

use locum_runtime::process::Exit;

use super::{
    Child,
    signals::{Order, Signals},
};
use crate::load::Loaded;

pub(super) async fn serve(child: &Child<'_>, _loaded: Loaded, signals: &mut Signals) -> Exit {
    child.rest();
    loop {
        match signals.next().await {
            Order::Stop => return Exit::Status(0),
            Order::Reload => {
                let taken = child.read_again().is_some();
                if taken {
                    child.rest();
                }
            }
            _ => {}
        }
    }
}
