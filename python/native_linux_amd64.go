package python

import "embed"

//go:embed all:native/lib/linux_amd64
var nativeCode embed.FS
