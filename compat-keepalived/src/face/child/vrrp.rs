//! The VRRP process.

use locum_runtime::process::Exit;

use super::{
    Child,
    signals::{Order, Signals},
};
use crate::load::Loaded;

pub(super) async fn serve(child: &Child<'_>, _loaded: Loaded, signals: &mut Signals) -> Exit {
    child.tell_ready();
    loop {
        match signals.next().await {
            Order::Stop => return Exit::Status(0),
            Order::Reload => {
                child.log().say("Reloading");
                let _ = child.read();
                child.tell_ready();
            }
            Order::Data => child.log().say(format!(
                "Printing VRRP data for process({}) on signal",
                std::process::id()
            )),
            _ => {}
        }
    }
}
