//! A door before the timestamp authority: the first connections wait until so many have come, later ones pass.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::{Barrier, watch},
    task::JoinHandle,
};

pub(super) struct Gate {
    pub(super) address: SocketAddr,
    door: JoinHandle<()>,
    /// How many have come.
    came: watch::Receiver<usize>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.door.abort();
    }
}

impl Gate {
    pub(super) async fn before(target: SocketAddr, together: usize) -> Self {
        Self::after(0, target, together).await
    }

    /// So many pass before the door is shut for those who wait for each other.
    pub(super) async fn after(passing: usize, target: SocketAddr, together: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (counting, came) = watch::channel(0);
        let door = tokio::spawn(async move {
            let barrier = Arc::new(Barrier::new(together));
            for number in 0_usize.. {
                let (mut here, _) = listener.accept().await.unwrap();
                counting.send_replace(number + 1);
                let barrier = barrier.clone();
                tokio::spawn(async move {
                    if (passing..passing + together).contains(&number) {
                        barrier.wait().await;
                    }
                    if let Ok(mut there) = TcpStream::connect(target).await {
                        // Whoever hangs up ends it.
                        let _ = copy_bidirectional(&mut here, &mut there).await;
                    }
                });
            }
        });
        Self { address, door, came }
    }

    /// Returns when so many have come.
    pub(super) async fn arrived(&self, count: usize) {
        self.came.clone().wait_for(|came| *came >= count).await.unwrap();
    }
}
