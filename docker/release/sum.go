package main

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// sums are the checksums of files, in the form that "sha256sum --check" reads.
func sums(of []file) file {
	var text strings.Builder
	for _, f := range of {
		fmt.Fprintf(&text, "%x  %s\n", sha256.Sum256(f.content), f.name)
	}
	return file{"SHA256SUMS", []byte(text.String()), read}
}
