package machine

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Sockets are the connections of a listening port as the kernel sees them.
type Sockets struct {
	// Accepted are those that a process has accepted and holds, Waiting those that are still in the backlog.
	Accepted int `json:"accepted"`
	Waiting  int `json:"waiting"`
}

// ReadSockets counts the connections of the server that listens on that IPv4 address.
func ReadSockets(address string) (Sockets, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return Sockets{}, err
	}
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return Sockets{}, err
	}
	return parseSockets(string(text), at.Port())
}

// tcpEstablished is the state of a connection that neither side has ended (include/net/tcp_states.h).
const tcpEstablished = "01"

// parseSockets reads /proc/net/tcp (proc(5)): after a head, a line for each socket with its number, local and remote
// address as HEX:HEX, state, …, and as tenth field the inode. A connection that nobody has accepted has no inode yet.
func parseSockets(text string, port uint16) (Sockets, error) {
	var found Sockets
	seen := map[string]bool{}
	_, lines, _ := strings.Cut(text, "\n")
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(lines) {
		fields := strings.Fields(line)
		if len(fields) < 10 {
			return Sockets{}, fmt.Errorf("read /proc/net/tcp: unexpected line %.100q", line)
		}
		if !strings.HasSuffix(fields[1], suffix) || fields[3] != tcpEstablished {
			continue
		}
		// The kernel writes the table in pieces, and what moves meanwhile may stand in two of them.
		if pair := fields[1] + " " + fields[2]; seen[pair] {
			continue
		} else {
			seen[pair] = true
		}
		inode, err := strconv.ParseUint(fields[9], 10, 64)
		if err != nil {
			return Sockets{}, fmt.Errorf("read /proc/net/tcp: %w", err)
		}
		if inode == 0 {
			found.Waiting++
		} else {
			found.Accepted++
		}
	}
	return found, nil
}
