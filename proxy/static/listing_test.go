package static

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

func listing(s *config.Static) { s.Autoindex = true }

func TestListing(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.txt", "a b?.txt", "sub/c.txt", ".hidden", "<b>.txt", "x:y.txt", "Z.png"} {
		write(t, filepath.Join(dir, name), "text")
	}
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "outside")))
	require.NoError(t, os.Symlink("b.txt", filepath.Join(dir, "inside")))
	files := serve(t, below("/s/", opened(t, dir), listing))

	page := ask(t, files, "GET", "/s/", "Accept: text/html,application/xhtml+xml,*/*")
	assert.Equal(t, 200, page.StatusCode)
	assert.Equal(t, "text/html; charset=utf-8", page.Header.Get("Content-Type"))
	assert.Equal(t, "Accept", page.Header.Get("Vary"))
	var hrefs []string
	for _, match := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		hrefs = append(hrefs, match[1])
	}
	assert.Equal(t, []string{"./sub/", "./%3Cb%3E.txt", "./Z.png", "./a%20b%3F.txt", "./b.txt", "./inside", "./x:y.txt"}, hrefs)
	assert.NotContains(t, page.body, "<b>")
	for _, href := range hrefs[1:] {
		assert.Equal(t, "text", ask(t, files, "GET", "/s/"+href[2:]).body, href)
	}

	document := ask(t, files, "GET", "/s/", "Accept: application/json")
	assert.Equal(t, "application/json", document.Header.Get("Content-Type"))
	var all []map[string]any
	require.NoError(t, json.Unmarshal([]byte(document.body), &all))
	require.Len(t, all, 7)
	assert.Equal(t, "sub", all[0]["name"])
	assert.Equal(t, "directory", all[0]["type"])
	assert.Equal(t, "Z.png", all[2]["name"])
	assert.EqualValues(t, 4, all[2]["size"])
	assert.Regexp(t, `^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, all[2]["modified"])
}

func TestListingAsItIsWanted(t *testing.T) {
	files := serve(t, below("/s/", site(), listing))
	for accept, want := range map[string]string{
		"": "text/html; charset=utf-8", "text/html, application/json": "text/html; charset=utf-8", "application/json, */*": "application/json",
	} {
		assert.Equal(t, want, ask(t, files, "GET", "/s/img/", "Accept: "+accept).Header.Get("Content-Type"), accept)
	}
}

func TestListingIsOfDirectoriesOnly(t *testing.T) {
	files := serve(t, below("/s/", site(), listing), below("/closed/", site()))
	for target, want := range map[string]int{
		"/s/img/": 200, "/s/img": 301, "/s/": 200, "/s/none/": 404, "/s/README/": 404, "/s/.git/": 404, "/closed/img/": 404,
	} {
		assert.Equal(t, want, ask(t, files, "GET", target).StatusCode, target)
	}
	assert.Equal(t, "home", ask(t, files, "GET", "/s/").body, "an index goes before a list")
	assert.Equal(t, ask(t, files, "GET", "/s/img/").length, ask(t, files, "HEAD", "/s/img/").length)
}

func TestListingLeadsToTheListAbove(t *testing.T) {
	files := serve(t, below("/s/", site(), listing, func(s *config.Static) { s.Index = nil }))
	assert.Contains(t, ask(t, files, "GET", "/s/img/").body, `<a href="../">`)
	assert.NotContains(t, ask(t, files, "GET", "/s/").body, `<a href="../">`, "what is above it is not of this mapping")
}

func TestNamesThatHideSomething(t *testing.T) {
	fsys := fstest.MapFS{"ab\u202etxt.exe": &fstest.MapFile{}, "new\nline": &fstest.MapFile{}}
	page := ask(t, serve(t, below("/s/", fsys, listing)), "GET", "/s/").body
	assert.Contains(t, page, `<a href="./ab%E2%80%AEtxt.exe">ab`+"\ufffd"+`txt.exe</a>`)
	assert.Contains(t, page, "new\ufffdline")
}

func TestSizesOfFiles(t *testing.T) {
	for bytes, want := range map[int]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1 << 20: "1.0 MiB", 1<<20 - 1: "1.0 MiB", 3_000_000: "2.9 MiB", 1 << 60: "1048576.0 TiB",
	} {
		assert.Equal(t, strings.Replace(want, " ", "&nbsp;", 1), regexp.MustCompile("<[^>]*>").ReplaceAllString(sizeText(int64(bytes)), ""), bytes)
	}
	files := serve(t, below("/s/", fstest.MapFS{"empty": &fstest.MapFile{}}, listing))
	assert.Contains(t, ask(t, files, "GET", "/s/", "Accept: application/json").body, `"size":0`)
}

func TestListingHasWhatIsServed(t *testing.T) {
	files := serve(t, below("/s/", site(), listing, func(s *config.Static) { s.Extensions, s.Index = []string{"png"}, nil }))
	page := ask(t, files, "GET", "/s/").body
	assert.Contains(t, page, "./img/")
	assert.NotContains(t, page, "README")
	assert.NotContains(t, page, "index.html")
}

func TestAnEmptyDirectoryIsListed(t *testing.T) {
	files := serve(t, below("/s/", opened(t, t.TempDir()), listing))
	assert.Equal(t, 200, ask(t, files, "GET", "/s/").StatusCode)
	assert.Contains(t, ask(t, files, "GET", "/s/").body, "There is nothing here.")
	assert.Equal(t, "[]\n", ask(t, files, "GET", "/s/", "Accept: application/json").body)
}

func TestADirectoryThatIsTooLargeIsNotListed(t *testing.T) {
	fsys := fstest.MapFS{}
	for i := range maxListed + 1 {
		fsys[fmt.Sprint("d/", i)] = &fstest.MapFile{}
	}
	assert.Equal(t, 403, ask(t, serve(t, below("/s/", fsys, listing)), "GET", "/s/d/").StatusCode)
}
