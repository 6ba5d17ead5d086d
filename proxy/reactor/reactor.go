// Package reactor serves connections by few goroutines, in the pattern of leader and followers (Schmidt, O'Ryan, Kircher,
// Pyarali and Buschmann, "Leader/Followers", PLoP 2000).
//
// Of each loop one goroutine is the leader: it waits for events and serves, by itself and at once, the connection that has
// one. What can be answered without waiting costs no hand-over to another goroutine, and a connection between two requests
// has none. Only where a connection has to wait does its goroutine leave the lead to another one, and goes on as that
// connection's own.
//
// A loop has an epoll instance that is edge-triggered: a connection is registered once, and not for each wait. The
// runtime's poller watches the instance, so that no thread is held while nothing happens.
package reactor

// Lead is what a goroutine that serves a socket does for others besides: as the leader of a loop, or for whom it came with an
// answer. It is left before anything that may take long, or wait.
type Lead interface{ Leave() }

// Guest is what is served on a socket.
type Guest interface {
	// Serve is called when the client may have sent something, or has left, by the leader: before it waits for anything
	// but the socket it must call Socket.Leave. When it returns, the socket rests, is closed, or is another goroutine's.
	Serve()
	// Silent is called when the socket has rested as long as it was to, and belongs to its guest again. It must not block.
	Silent()
}
