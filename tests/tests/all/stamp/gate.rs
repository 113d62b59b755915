//! A door before the timestamp authority: the first connections wait until so many have come, later ones pass.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::Barrier,
    task::JoinHandle,
};

pub(super) struct Gate {
    pub(super) address: SocketAddr,
    door: JoinHandle<()>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.door.abort();
    }
}

impl Gate {
    pub(super) async fn before(target: SocketAddr, together: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let door = tokio::spawn(async move {
            let barrier = Arc::new(Barrier::new(together));
            for number in 0_usize.. {
                let (mut here, _) = listener.accept().await.unwrap();
                let barrier = barrier.clone();
                tokio::spawn(async move {
                    if number < together {
                        barrier.wait().await;
                    }
                    if let Ok(mut there) = TcpStream::connect(target).await {
                        // Whoever hangs up ends it.
                        let _ = copy_bidirectional(&mut here, &mut there).await;
                    }
                });
            }
        });
        Self { address, door }
    }
}
