//go:build linux && (amd64 || arm64)

package python

import "runtime"

// nativeModule returns the worker's native code for this system (native/native.c), nil if the binary was built where there
// was no C compiler: see native/build.
func nativeModule() []byte {
	code, err := nativeCode.ReadFile("native/lib/linux_" + runtime.GOARCH + "/native.so")
	if err != nil {
		return nil
	}
	return code
}
