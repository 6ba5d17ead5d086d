package access

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"time"

	"forebay/config"
)

const (
	// syslogWait bounds each wait for a syslog server: to be connected, and to take a message.
	syslogWait = time.Second
	// syslogPause is how long a server that could not be reached is left alone.
	syslogPause = time.Second
	// syslogMax is the most of a message, in bytes: with its head it fits into a datagram.
	syslogMax = 60 << 10
	// severityInfo is that of all messages (RFC 5424, section 6.2.1).
	severityInfo = 6
)

// localSockets are where systems have their own syslog.
var localSockets = []string{"/dev/log", "/var/run/syslog", "/var/run/log"}

// syslogWriter sends each line as a message. What a server on another machine gets is of the form of RFC 5424, by UDP (RFC
// 5426) or by TCP with octet counting (RFC 6587, section 3.4.1); a local socket gets that of RFC 3164 as the C library
// writes it. It is not log/syslog of the standard library, whose waits have no bound and whose messages to other machines
// have neither of these forms.
type syslogWriter struct {
	cfg      config.Syslog
	host     string
	conn     net.Conn // nil: not connected
	datagram bool
	failed   error     // of the last attempt to connect
	again    time.Time // of the next one
	message  []byte
}

// newSyslog looks for a local socket, so that a wrong path shows at once. Other servers may come later.
func newSyslog(cfg config.Syslog) (*syslogWriter, error) {
	if cfg.Network == "unix" {
		var err error
		if cfg.Address, err = localSocket(cfg.Address); err != nil {
			return nil, err
		}
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "-" // RFC 5424, section 6.2.4: NILVALUE
	}
	return &syslogWriter{cfg: cfg, host: host}, nil
}

// localSocket is the path of a socket that is there: the machine's own if none is named.
func localSocket(named string) (string, error) {
	paths := localSockets
	if named != "" {
		paths = []string{named}
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
			return path, nil
		}
	}
	return "", fmt.Errorf("syslog: there is no socket %s", paths[0])
}

// Write sends whole lines. It returns how many bytes of them have been sent.
func (w *syslogWriter) Write(lines []byte) (int, error) {
	sent := 0
	for sent < len(lines) {
		line, _, _ := bytes.Cut(lines[sent:], []byte{'\n'})
		if len(line) > 0 {
			if err := w.send(line); err != nil {
				return sent, err
			}
		}
		sent = min(sent+len(line)+1, len(lines))
	}
	return sent, nil
}

// send sends one message. A server that has been started anew is asked again at once: the connection to it is then the
// only fault.
func (w *syslogWriter) send(line []byte) error {
	fresh := w.conn == nil
	for {
		if err := w.connect(); err != nil {
			return err
		}
		w.build(line[:min(len(line), syslogMax)])
		_ = w.conn.SetWriteDeadline(time.Now().Add(syslogWait)) // fails only on a closed connection, as the write will
		_, err := w.conn.Write(w.message)
		if err == nil {
			return nil
		}
		_ = w.Close() // what was cut short ends with it
		if fresh || errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		fresh = true
	}
}

// connect connects, unless the last attempt failed a moment ago.
func (w *syslogWriter) connect() error {
	if w.conn != nil {
		return nil
	}
	if now := time.Now(); now.Before(w.again) {
		return w.failed
	}
	networks := []string{w.cfg.Network}
	if w.cfg.Network == "unix" {
		networks = []string{"unixgram", "unix"}
	}
	for _, network := range networks {
		if w.conn, w.failed = net.DialTimeout(network, w.cfg.Address, syslogWait); w.failed == nil {
			w.datagram = network == "unixgram" || network == "udp"
			return nil
		}
		w.conn = nil
	}
	w.again = time.Now().Add(syslogPause)
	return w.failed
}

// build makes the message of a line.
func (w *syslogWriter) build(line []byte) {
	now, pid := time.Now(), int64(os.Getpid())
	m := append(w.message[:0], '<')
	m = strconv.AppendInt(m, int64(w.cfg.Facility*8+severityInfo), 10)
	m = append(m, '>')
	if w.cfg.Network == "unix" {
		m = append(now.AppendFormat(m, time.Stamp), ' ')
		m = append(append(m, w.cfg.Tag...), '[')
		m = append(strconv.AppendInt(m, pid, 10), "]: "...)
	} else {
		m = now.AppendFormat(append(m, "1 "...), "2006-01-02T15:04:05.000000Z07:00")
		m = append(append(append(m, ' '), w.host...), ' ')
		m = append(append(m, w.cfg.Tag...), ' ')
		m = append(strconv.AppendInt(m, pid, 10), " access - "...)
	}
	m = append(m, line...)
	switch {
	case w.datagram:
	case w.cfg.Network == "unix":
		m = append(m, '\n')
	default:
		m = w.count(m)
	}
	w.message = m
}

// count puts the length of a message before it.
func (w *syslogWriter) count(m []byte) []byte {
	size := len(m)
	var digits [20]byte
	head := append(strconv.AppendInt(digits[:0], int64(size), 10), ' ')
	m = append(m, head...)
	copy(m[len(head):], m[:size])
	copy(m, head)
	return m
}

// Close ends the connection. A later Write makes another one.
func (w *syslogWriter) Close() error {
	if w.conn == nil {
		return nil
	}
	err := w.conn.Close()
	w.conn = nil
	return err
}
