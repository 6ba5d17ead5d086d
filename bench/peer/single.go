package peer

import (
	"context"
	"net"
	"strconv"
)

// single is a server that one command starts.
type single struct {
	stack
	// command is what is typed to have it listen on an address.
	command func(kit Kit, dir, address string, scenario Scenario) []string
	notes   []string
}

// Start starts the server, which starts its workers.
func (s *single) Start(ctx context.Context, scenario Scenario) (err error) {
	s.settings = Settings{Notes: s.notes}
	if s.address, err = freeAddress(ctx); err != nil {
		return err
	}
	return s.launch(s.name, s.command(s.kit, s.kit.dir(s.name), s.address, scenario)...)
}

// hostPort are the two parts of an address that we have made.
func hostPort(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		panic(err)
	}
	return host, port
}

// size is how many workers and threads there are, as arguments.
func (k Kit) size() (workers, threads string) {
	return strconv.Itoa(k.Workers), strconv.Itoa(k.Threads)
}
