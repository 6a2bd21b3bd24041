#!/bin/bash
# minio-go 7.4.1 sends an empty object without the checksum that PutObjectOptions.Checksum demands, in no header and in no trailer, and says
# nothing of it: an object of nothing has no stored checksum, where one of one byte has. (Client.newRequest adds the trailer for a
# contentLength above 0 only.) Exit code 1 when that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
go mod init finding >/dev/null 2>&1
go get github.com/minio/minio-go/v7@v7.4.1 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func main() {
	var body []byte
	var head http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		head = r.Header
		w.Header().Set("ETag", `"0"`)
	}))
	defer server.Close()
	client, err := minio.New(strings.TrimPrefix(server.URL, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4("key", "secret", ""), Region: "us-east-1", TrailingHeaders: true,
	})
	if err != nil {
		panic(err)
	}
	put := func(content string) {
		options := minio.PutObjectOptions{Checksum: minio.ChecksumCRC32C, DisableContentSha256: true, DisableMultipart: true}
		if _, err := client.PutObject(context.Background(), "bucket", "key", strings.NewReader(content), int64(len(content)), options); err != nil {
			panic(err)
		}
	}
	put("1")
	fmt.Printf("one byte: body %q, trailer %q\n", body, head.Get("X-Amz-Trailer"))
	summed := head.Get("X-Amz-Trailer") == "x-amz-checksum-crc32c"
	put("")
	fmt.Printf("empty: body %q, trailer %q, checksum %q\n", body, head.Get("X-Amz-Trailer"), head.Get("X-Amz-Checksum-Crc32c"))
	silent := len(body) == 0 && head.Get("X-Amz-Trailer") == "" && head.Get("X-Amz-Checksum-Crc32c") == ""
	if !summed || !silent {
		os.Exit(1)
	}
}
GO
go mod tidy >/dev/null 2>&1
go run .
