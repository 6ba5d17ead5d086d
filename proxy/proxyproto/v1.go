package proxyproto

import (
	"bytes"
	"errors"
	"fmt"

	"forebay/proxy/head"
)

// maxV1 is the length of the longest line: "PROXY UNKNOWN", two full IPv6 addresses, two ports, CR LF.
const maxV1 = 107

var v1Signature = []byte("PROXY ")

var (
	errV1Long = fmt.Errorf("PROXY header: a line of more than %d bytes", maxV1)
	errV1Byte = errors.New("PROXY header: a control byte in the line")
)

// completeV1 returns the length of a text header, with its line end, or ErrMore.
func completeV1(b []byte) (int, error) {
	if len(b) < len(v1Signature) {
		if bytes.HasPrefix(v1Signature, b) {
			return 0, ErrMore
		}
		return 0, ErrMissing
	}
	if !bytes.HasPrefix(b, v1Signature) {
		return 0, ErrMissing
	}
	end := bytes.IndexByte(b[:min(len(b), maxV1)], '\n')
	if end < 0 {
		if len(b) >= maxV1 {
			return 0, errV1Long
		}
		return 0, ErrMore
	}
	// What follows UNKNOWN is to be ignored, but not what some might read as the line's end. The library sees to the CR.
	if head.ControlByte(bytes.TrimSuffix(b[:end], []byte("\r"))) >= 0 {
		return 0, errV1Byte
	}
	return end + 1, nil
}
