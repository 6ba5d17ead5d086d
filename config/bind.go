package config

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

const (
	unixPrefix = "unix:"
	fdPrefix   = "fd://"
	// maxSocketPath is what fits into Linux's sun_path with its final zero: see unix(7). macOS takes four bytes less, and
	// says so when the socket is opened.
	maxSocketPath = 107
	// firstFD is the first descriptor that is not a standard stream; systemd passes sockets from there on.
	firstFD = 3
)

// Bind is an address to listen on.
type Bind struct {
	// Network is "tcp", "unix" or "fd".
	Network string
	// Address is HOST:PORT, a path ("@name" is an abstract socket), or a descriptor's number.
	Address string
}

// hostName is what may stand where no IP address stands. It is looser than RFC 1123 section 2.1: "_" occurs in the
// names of containers.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$`)

// ParseBind reads HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH or fd://N.
func ParseBind(text string) (Bind, error) {
	if path, ok := strings.CutPrefix(text, unixPrefix); ok {
		return parseUnix(path)
	}
	if number, ok := strings.CutPrefix(text, fdPrefix); ok {
		return parseFD(number)
	}
	return parseTCP(text)
}

// String is the address as ParseBind reads it.
func (b Bind) String() string {
	switch b.Network {
	case "unix":
		return unixPrefix + b.Address
	case "fd":
		return fdPrefix + b.Address
	default:
		return b.Address
	}
}

func parseUnix(path string) (Bind, error) {
	switch {
	case path == "" || path == "@":
		return Bind{}, fmt.Errorf("want unix: and a path")
	case strings.ContainsRune(path, 0):
		return Bind{}, fmt.Errorf("want a path without a zero byte, not %q", path)
	case len(path) > maxSocketPath:
		return Bind{}, fmt.Errorf("want a path of at most %d bytes for a unix socket, not %q", maxSocketPath, path)
	}
	return Bind{Network: "unix", Address: path}, nil
}

func parseFD(number string) (Bind, error) {
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil || n < firstFD {
		return Bind{}, fmt.Errorf("want the number of an inherited descriptor from %d on after fd://, not %q", firstFD, number)
	}
	return Bind{Network: "fd", Address: strconv.FormatUint(n, 10)}, nil
}

func parseTCP(text string) (Bind, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return Bind{}, fmt.Errorf("want HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH or fd://N, not %q", text)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Bind{}, fmt.Errorf("want a port from 0 to 65535, not %q", port)
	}
	if !isHost(host) {
		return Bind{}, fmt.Errorf("want a host name or an IP address before the port, not %q", host)
	}
	return Bind{Network: "tcp", Address: net.JoinHostPort(host, strconv.FormatUint(number, 10))}, nil
}

// isHost accepts the empty host too: it is every address of the machine.
func isHost(host string) bool {
	if host == "" || hostName.MatchString(host) {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}
