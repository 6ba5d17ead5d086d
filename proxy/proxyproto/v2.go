package proxyproto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The binary header (section 2.2): the signature, version and command, family and transport, and the length of what
// follows, which is addresses and then records of type, length and value.
const (
	v2Command = 12
	v2Family  = 13
	v2Length  = 14
	v2Fixed   = 16

	commandLocal = 0x20
	commandProxy = 0x21
	unspecified  = 0x00

	recordHead  = 3 // of a record: its type and the length of its value
	typeCRC32C  = 0x03
	sizeOfCRC32 = 4
)

var v2Signature = []byte("\r\n\r\n\x00\r\nQUIT\n")

var (
	errV2Long   = fmt.Errorf("PROXY header: longer than %d bytes", MaxSize)
	errRecord   = errors.New("a record that does not end with the header")
	errChecksum = errors.New("a wrong checksum")
)

// completeV2 returns the length of a binary header, or ErrMore.
func completeV2(b []byte) (int, error) {
	if signature := b[:min(len(b), len(v2Signature))]; !bytes.HasPrefix(v2Signature, signature) {
		return 0, ErrMissing
	}
	if len(b) < v2Fixed {
		return 0, ErrMore
	}
	n := v2Fixed + int(binary.BigEndian.Uint16(b[v2Length:]))
	switch {
	case n > MaxSize:
		return 0, errV2Long
	case len(b) < n:
		return 0, ErrMore
	}
	return n, nil
}

func isV2(b []byte) bool { return bytes.HasPrefix(b, v2Signature) }

// isLocal reports whether b is the binary header of a connection that is the proxy's own. Nothing else in it is looked at,
// as the specification has it: only its length must be right.
func isLocal(b []byte) bool { return isV2(b) && b[v2Command] == commandLocal }

// isUnspecified reports whether b is the binary header of a client of no family that has a number. The specification
// leaves it to us to refuse it; some send it where version 1 has UNKNOWN, which none may refuse.
func isUnspecified(b []byte) bool {
	return isV2(b) && b[v2Command] == commandProxy && b[v2Family] == unspecified
}

// checkRecords checks the records of a binary header, of which the checksum (section 2.2.3) is the only one that is used.
func checkRecords(b []byte) error {
	if !isV2(b) {
		return nil
	}
	at := v2Fixed + addressSize(b[v2Family])
	if at > len(b) {
		return nil // the library finds the addresses missing
	}
	checksum := 0
	for at < len(b) {
		if len(b)-at < recordHead {
			return errRecord
		}
		size := int(binary.BigEndian.Uint16(b[at+1:]))
		value := at + recordHead
		if len(b)-value < size {
			return errRecord
		}
		if b[at] == typeCRC32C {
			if size != sizeOfCRC32 || checksum > 0 {
				return errChecksum
			}
			checksum = value
		}
		at = value + size
	}
	if checksum > 0 && binary.BigEndian.Uint32(b[checksum:]) != sumWithout(b, checksum) {
		return errChecksum
	}
	return nil
}

// addressSize is the length of two addresses, with their ports if they have any.
func addressSize(family byte) int {
	switch family >> 4 {
	case 1:
		return 12
	case 2:
		return 36
	case 3:
		return 216
	}
	return 0
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumWithout is the checksum of b with zeros where the checksum itself stands.
func sumWithout(b []byte, at int) uint32 {
	sum := crc32.Update(0, castagnoli, b[:at])
	sum = crc32.Update(sum, castagnoli, make([]byte, sizeOfCRC32))
	return crc32.Update(sum, castagnoli, b[at+sizeOfCRC32:])
}
