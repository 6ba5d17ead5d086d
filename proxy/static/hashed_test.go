package static

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIsHashed(t *testing.T) {
	for name, want := range map[string]bool{
		// Django's ManifestStaticFilesStorage.
		"admin/css/base.5af66c1b1797.css":                    true,
		"img/logo.0f1e2d3c4b5a.svg":                          true,
		"app.js.0123456789ab.map":                            true,
		"jquery.min.1a2b3c4d5e6f.js":                         true,
		"admin/fonts/Roboto-Light-webfont.c73eb1ceba33.woff": true,
		"jquery-ui-bootstrap.0f1e2d3c4b5a.css":               true,
		"staticfiles.json":                                   false,
		// webpack, Create React App, Parcel.
		"main.8e0d62a03f2b4c5d6e7f.js":             true,
		"js/main.2f6b1e3c.chunk.js":                true,
		"css/main.2f6b1e3c.chunk.css.map":          true,
		"media/logo.5d5d9eef.svg":                  true,
		"main-8e0d62a03f2b4c5d6e7f.js":             true,
		"8e0d62a03f2b4c5d6e7f.js":                  true,
		"main.8e0d62a03f2b4c5d6e7f.js.LICENSE.txt": true,
		"static/js/787.c4e7f8f9.chunk.js":          true,
		"runtime~main.8e0d62a03f2b4c5d6e7f.js":     true,
		// Vite, Rollup.
		"assets/index-BxY8eZ3a.js":        true,
		"assets/index-B-Y8eZ3a.css":       true,
		"app/assets/Inter-DiVDrmQJ.woff2": true,
		"assets/index.06d14ce2.js":        true, // Vite 2 and 3
		"assets/index-06d14ce2.css":       true, // Vite 4
		"assets/vendor-DQ1sKbUy.js":       true,
		"assets/index-C_3T7QqX.js":        true,
		"assets/react-CHdo91hT.svg":       false, // the name of an upload could be like it
		"assets/logo-dkkvxzqa.js":         false, // small letters alone
		"assets/index-n_ryQ3BS.css":       true,
		"assets/index-DQ3P1g1z.js":        true,
		"assets/index-BfibREyH.js":        true,
		"assets/index-DiwrgTda.css":       false, // it could be two words
		"assets/index-DlrTUxgh.js":        false, // it could be words: a third of Vite's names is like that
		"assets/index-Bx3YeZ1a.js.map":    true,
		// Names that people give.
		"base.css":                       false,
		"jquery-3.7.1.min.js":            false,
		"bootstrap.min.css":              false,
		"report.20240101.csv":            false,
		"report.202401011200.csv":        false,
		"backup.20240101120000.tar.gz":   false,
		"feedface.js":                    false,
		"main.deadbeef.js":               false,
		"app-settings.js":                false,
		"assets/app-settings.js":         false,
		"assets/app-Settings.js":         false,
		"assets/app-Version2.js":         false,
		"assets/detect-IPHONE6S.js":      false,
		"assets/detect-iPhone6S.js":      false,
		"assets/login-Web3Auth.js":       false,
		"assets/login-OAuth2Ui.js":       false,
		"assets/es-Es6Class.js":          false,
		"assets/poly-Html5Css.js":        false,
		"assets/app-ToDoList.js":         false,
		"assets/app-userForm.js":         false,
		"assets/app-iOSThing.js":         false,
		"assets/app-XMLtoCSV.js":         false,
		"assets/app-MyHTMLUI.js":         false,
		"assets/test-E2ETests.js":        false,
		"assets/play-Mp4ToGif.js":        false,
		"assets/jquery-ui-bootstrap.css": false,
		"assets/jquery-migrate.js":       false,
		"assets/font-awesome.css":        false,
		"assets/lib-ABCDEFGH.js":         false,
		"assets/lib-12345678.js":         false,
		"assets/lib-20240101.js":         false,
		"css/jquery-ui-bootstrap.css":    false,
		"assets/index-BxY8eZ3a.html":     false,
		"index-BxY8eZ3a.js":              false,
		"assets/BxY8eZ3a.js":             false,
		// Hashes of something else than what is in the file.
		"avatars/205e460b479e2e5b48aec07710c08d50.png":      false,
		"avatars/user-205e460b479e2e5b48aec07710c08d50.png": false,
		"patch-1a2b3c4d.txt":                                false,
		"main-1a2b3c4d.js":                                  false,
		"1a2b3c4d.js":                                       false,
		// Hardly names.
		"5af66c1b1797":          false,
		".5af66c1b1797":         false,
		"a.5af66c1b1797":        false,
		"5af66c1b1797.css":      false,
		"base.5AF66C1B1797.css": false,
		"base.5af66c1b179.css":  false,
		"":                      false,
		".":                     false,
		"assets/-BxY8eZ3a.js":   false,
	} {
		assert.Equal(t, want, isHashed(name), name)
	}
}
