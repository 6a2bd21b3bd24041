// Package harness is what the Go clients share; see ../../lib.sh for the lines that a check prints.
package harness

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// MiB in bytes.
const MiB = 1024 * 1024

// OddKeys may be changed by a client's URL encoder, its XML parser or its path rules.
var OddKeys = []string{
	"plus+plus", "sp ace", "100%", "%2F", "q?x=1&y=2", "h#ash", "a=b/c=d", "semi;colon,comma", "at@dollar$", "tilde~", "!'()*",
	"quote\"<>&'", "[br]{ace}|^`", "\u00e4\u00f6\u00fc", "\u65e5\u672c\u8a9e", "\U0001f600/\U0001f680", strings.Repeat("k", 900),
}

// Check is one line of the result.
type Check struct {
	Name string
	Run  func() error
}

// Random returns size bytes that do not compress.
func Random(size int) []byte {
	body := make([]byte, size)
	if _, err := rand.Read(body); err != nil {
		panic(err)
	}
	return body
}

// Race runs call(0) to call(count-1) at once and returns their errors in that order.
func Race(count int, call func(number int) error) []error {
	var start, done sync.WaitGroup
	answers := make([]error, count)
	start.Add(1)
	for number := range count {
		done.Add(1)
		go func() {
			defer done.Done()
			start.Wait()
			answers[number] = call(number)
		}()
	}
	start.Done()
	done.Wait()
	return answers
}

// OnlyWinner returns the number of the only call that had no error; every other error must satisfy lost.
func OnlyWinner(answers []error, lost func(error) bool) (int, error) {
	winner := -1
	for number, err := range answers {
		switch {
		case err == nil && winner >= 0:
			return 0, fmt.Errorf("both %d and %d won", winner, number)
		case err == nil:
			winner = number
		case !lost(err):
			return 0, fmt.Errorf("call %d: %w", number, err)
		}
	}
	if winner < 0 {
		return 0, fmt.Errorf("nobody won: %w", errors.Join(answers...))
	}
	return winner, nil
}

// Same fails unless the two values are equal.
func Same[T comparable](what string, got, want T) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s: got %v, want %v", what, got, want)
}

// Fetch makes a plain request, as somebody with a presigned URL does.
func Fetch(method, url string, body string) (int, string, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// Main runs the checks in order and ends the process.
func Main(label, version string, checks []Check) {
	fmt.Printf("# %s: %s\n", label, version)
	failed := 0
	for _, check := range checks {
		begin := time.Now()
		if err := run(check); err != nil {
			failed++
			fmt.Printf("FAIL %s: %s\n    %s\n", label, check.Name, strings.ReplaceAll(err.Error(), "\n", "\n    "))
			continue
		}
		fmt.Printf("ok %s: %s (%d s)\n", label, check.Name, int(time.Since(begin).Seconds()+0.5))
	}
	if failed > 0 {
		os.Exit(1)
	}
}

func run(check Check) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	return check.Run()
}
