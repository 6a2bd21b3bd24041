// Command minio-go drives minio-go 7, with trailing checksums. ENDPOINT, PREFIX and the keys come from the environment. No region is set.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	h "elastickv.test/clients/harness"
)

const label = "minio-go"

var (
	ctx    = context.Background()
	bucket = os.Getenv("PREFIX") + "-" + label
	client = connect("", 10)
)

func connect(region string, attempts int) *minio.Client {
	made, err := minio.New(strings.TrimPrefix(os.Getenv("ENDPOINT"), "http://"), &minio.Options{
		Creds:           credentials.NewStaticV4(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
		TrailingHeaders: true,
		Region:          region,
		MaxRetries:      attempts,
	})
	if err != nil {
		panic(err)
	}
	return made
}

func code(err error) string {
	answer := minio.ToErrorResponse(err)
	if answer.Code == "" {
		return fmt.Sprintf("no answer: %v", err)
	}
	return answer.Code
}

func refused(want string, err error) error {
	if err == nil {
		return fmt.Errorf("expected %s, but it was accepted", want)
	}
	return h.Same("error code", code(err), want)
}

func put(key string, body []byte, options minio.PutObjectOptions) (minio.UploadInfo, error) {
	return client.PutObject(ctx, bucket, key, bytes.NewReader(body), int64(len(body)), options)
}

func get(key string, options minio.GetObjectOptions) ([]byte, error) {
	object, err := client.GetObject(ctx, bucket, key, options)
	if err != nil {
		return nil, err
	}
	defer object.Close()
	return io.ReadAll(object)
}

func holds(key string, want []byte) error {
	got, err := get(key, minio.GetObjectOptions{Checksum: true})
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%s: %d bytes that differ from the %d wanted", key, len(got), len(want))
	}
	return nil
}

func buckets() error {
	if err := client.MakeBucket(ctx, bucket, minio.MakeBucketOptions{}); err != nil {
		return err
	}
	there, err := client.BucketExists(ctx, bucket+"-none")
	return errors.Join(err, h.Same("exists", there, false))
}

func createRace() error {
	for turn := range 4 {
		key := fmt.Sprintf("race/%d", turn)
		answers := h.Race(16, func(number int) error {
			options := minio.PutObjectOptions{}
			options.SetMatchETagExcept("*")
			_, err := put(key, []byte(strconv.Itoa(number)), options)
			return err
		})
		winner, err := h.OnlyWinner(answers, func(err error) bool { return code(err) == "PreconditionFailed" })
		if err != nil {
			return err
		}
		if err := holds(key, []byte(strconv.Itoa(winner))); err != nil {
			return err
		}
	}
	return nil
}

func counter() error {
	if _, err := put("counter", []byte("0"), minio.PutObjectOptions{}); err != nil {
		return err
	}
	var lost atomic.Int32
	answers := h.Race(8, func(int) error {
		for done := 0; done < 5; {
			object, err := client.GetObject(ctx, bucket, "counter", minio.GetObjectOptions{})
			if err != nil {
				return err
			}
			text, err := io.ReadAll(object)
			if err != nil {
				return err
			}
			now, err := object.Stat()
			object.Close()
			if err != nil {
				return err
			}
			value, err := strconv.Atoi(string(text))
			if err != nil {
				return err
			}
			options := minio.PutObjectOptions{}
			options.SetMatchETag(now.ETag)
			_, err = put("counter", []byte(strconv.Itoa(value+1)), options)
			switch {
			case err == nil:
				done++
			case code(err) == "PreconditionFailed":
				lost.Add(1)
			default:
				return err
			}
		}
		return nil
	})
	if err := errors.Join(answers...); err != nil {
		return err
	}
	if lost.Load() == 0 {
		return errors.New("nobody lost a round: the race is none")
	}
	return holds("counter", []byte("40"))
}

var algorithms = []minio.ChecksumType{
	minio.ChecksumCRC32, minio.ChecksumCRC32C, minio.ChecksumCRC64NVME, minio.ChecksumSHA1, minio.ChecksumSHA256,
	minio.ChecksumSHA512, minio.ChecksumMD5, minio.ChecksumXXHash64, minio.ChecksumXXHash3, minio.ChecksumXXHash128,
}

// Signed chunks with a signed trailer, or (as over TLS) unsigned chunks with an unsigned one.
func trailers(unsigned bool, known func(minio.ChecksumType) bool) func() error {
	return func() error {
		var bad []error
		for _, algorithm := range algorithms {
			if !known(algorithm) {
				continue
			}
			for _, size := range []int{0, 1, 65_536, 300_001, 2 * h.MiB} {
				body, key := h.Random(size), fmt.Sprintf("trailer/%s/%d/%t", algorithm, size, unsigned)
				_, err := put(key, body, minio.PutObjectOptions{Checksum: algorithm, DisableContentSha256: unsigned, DisableMultipart: true})
				if err != nil {
					bad = append(bad, fmt.Errorf("%s, %d bytes: %w", algorithm, size, err))
					break
				}
				bad = append(bad, holds(key, body))
				if size > 0 { // of nothing this client sends no checksum
					bad = append(bad, told(key, algorithm, algorithm.ChecksumBytes(body).Encoded()))
				}
			}
		}
		return errors.Join(bad...)
	}
}

func told(key string, algorithm minio.ChecksumType, want string) error {
	info, err := client.StatObject(ctx, bucket, key, minio.StatObjectOptions{Checksum: true})
	if err != nil {
		return err
	}
	got := map[minio.ChecksumType]string{
		minio.ChecksumCRC32: info.ChecksumCRC32, minio.ChecksumCRC32C: info.ChecksumCRC32C, minio.ChecksumCRC64NVME: info.ChecksumCRC64NVME,
		minio.ChecksumSHA1: info.ChecksumSHA1, minio.ChecksumSHA256: info.ChecksumSHA256, minio.ChecksumSHA512: info.ChecksumSHA512,
		minio.ChecksumMD5: info.ChecksumMD5, minio.ChecksumXXHash64: info.ChecksumXXHash64, minio.ChecksumXXHash3: info.ChecksumXXHash3, minio.ChecksumXXHash128: info.ChecksumXXHash128,
	}[algorithm]
	return h.Same(key, got, want)
}

func old(algorithm minio.ChecksumType) bool    { return slices.Index(algorithms, algorithm) < 5 }
func recent(algorithm minio.ChecksumType) bool { return !old(algorithm) }

func parts(unsigned bool) func() error {
	return func() error {
		body := h.Random(23*h.MiB + 5)
		var bad []error
		for _, algorithm := range []minio.ChecksumType{minio.ChecksumFullObjectCRC32C, minio.ChecksumCRC64NVME, minio.ChecksumSHA256, minio.ChecksumCRC32} {
			key := fmt.Sprintf("parts/%s/%t", algorithm, unsigned)
			// Known length and parallel parts, then a pipe of unknown length.
			_, err := put(key, body, minio.PutObjectOptions{Checksum: algorithm, PartSize: 5 * h.MiB, NumThreads: 4, DisableContentSha256: unsigned, ConcurrentStreamParts: true})
			bad = append(bad, err, holds(key, body))
			_, err = client.PutObject(ctx, bucket, key, io.MultiReader(bytes.NewReader(body)), -1, minio.PutObjectOptions{Checksum: algorithm, PartSize: 5 * h.MiB, DisableContentSha256: unsigned})
			bad = append(bad, err, holds(key, body))
		}
		for upload := range client.ListIncompleteUploads(ctx, bucket, "", true) {
			bad = append(bad, fmt.Errorf("unfinished: %s %w", upload.Key, upload.Err))
		}
		return errors.Join(bad...)
	}
}

func attributes() error {
	told, err := client.GetObjectAttributes(ctx, bucket, "parts/SHA256/false", minio.ObjectAttributesOptions{})
	if err != nil {
		return err
	}
	return errors.Join(h.Same("size", told.ObjectSize, 23*h.MiB+5), h.Same("parts", told.ObjectParts.PartsCount, 5), h.Same("listed parts", len(told.ObjectParts.Parts), 5))
}

func compose() error {
	first, second := h.Random(6*h.MiB), h.Random(3*h.MiB)
	_, err := put("source +1", first, minio.PutObjectOptions{})
	_, err2 := put("source/2", second, minio.PutObjectOptions{})
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	_, err = client.ComposeObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: "composed"},
		minio.CopySrcOptions{Bucket: bucket, Object: "source +1", MatchRange: true, Start: 1, End: 5 * h.MiB},
		minio.CopySrcOptions{Bucket: bucket, Object: "source/2"})
	if err != nil {
		return err
	}
	_, err = client.CopyObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: "copied %41", ReplaceMetadata: true, UserMetadata: map[string]string{"Colour": "blue"}}, minio.CopySrcOptions{Bucket: bucket, Object: "source/2"})
	if err != nil {
		return err
	}
	info, err := client.StatObject(ctx, bucket, "copied %41", minio.StatObjectOptions{})
	return errors.Join(err, h.Same("metadata", info.UserMetadata["Colour"], "blue"), holds("copied %41", second), holds("composed", append(slices.Clone(first[1:5*h.MiB+1]), second...)))
}

func ranges() error {
	body := h.Random(7 * h.MiB)
	if _, err := put("ranged", body, minio.PutObjectOptions{DisableMultipart: true}); err != nil {
		return err
	}
	object, err := client.GetObject(ctx, bucket, "ranged", minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	defer object.Close()
	piece := make([]byte, 1000)
	for _, offset := range []int64{5, 3 * h.MiB, 0, 7*h.MiB - 1000} {
		if _, err := object.ReadAt(piece, offset); err != nil && err != io.EOF {
			return err
		}
		if !bytes.Equal(piece, body[offset:offset+1000]) {
			return fmt.Errorf("at %d: other bytes", offset)
		}
	}
	options := minio.GetObjectOptions{}
	if err := options.SetRange(0, -77); err != nil {
		return err
	}
	tail, err := get("ranged", options)
	return errors.Join(err, h.Same("suffix", string(tail), string(body[7*h.MiB-77:])))
}

func refusedUploads() error {
	body := h.Random(10 * h.MiB)
	hasty := connect("us-east-1", 1) // asks for no bucket's location, which would be refused first
	bad := map[string]int{}
	for number := range 40 {
		_, err := hasty.PutObject(ctx, bucket+"-none", fmt.Sprint(number), bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{DisableMultipart: true})
		if got := code(err); got != "NoSuchBucket" {
			bad[got]++
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("of 40 refused uploads some did not say NoSuchBucket: %v", bad)
	}
	return nil
}

func listings() error {
	var want []string
	for _, key := range h.OddKeys {
		if _, err := put("odd/"+key, []byte(key), minio.PutObjectOptions{}); err != nil {
			return err
		}
		if err := holds("odd/"+key, []byte(key)); err != nil {
			return err
		}
		want = append(want, "odd/"+key)
	}
	sort.Strings(want)
	var bad []error
	for _, v1 := range []bool{false, true} {
		var got []string
		for entry := range client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Prefix: "odd/", Recursive: true, MaxKeys: 4, UseV1: v1}) {
			bad = append(bad, entry.Err)
			got = append(got, entry.Key)
		}
		if !slices.Equal(got, want) {
			bad = append(bad, fmt.Errorf("listed %q", got))
		}
	}
	return errors.Join(bad...)
}

func presigned() error {
	up, err := client.PresignedPutObject(ctx, bucket, "pre signed+1", time.Minute)
	if err != nil {
		return err
	}
	status, text, err := h.Fetch("PUT", up.String(), "by url")
	if err != nil || status != 200 {
		return fmt.Errorf("PUT: %d %s %w", status, text, err)
	}
	down, err := client.PresignedGetObject(ctx, bucket, "pre signed+1", time.Minute, nil)
	if err != nil {
		return err
	}
	status, text, err = h.Fetch("GET", down.String(), "")
	return errors.Join(err, h.Same("status", status, 200), h.Same("body", text, "by url"))
}

func clean() error {
	_, err := client.StatObject(ctx, bucket, "nothing", minio.StatObjectOptions{})
	bad := []error{refused("NoSuchKey", err)}
	objects := client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true})
	for failed := range client.RemoveObjects(ctx, bucket, objects, minio.RemoveObjectsOptions{}) {
		bad = append(bad, failed.Err)
	}
	return errors.Join(append(bad, client.RemoveBucket(ctx, bucket))...)
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/minio/minio-go/v7" {
			return "minio-go " + module.Version
		}
	}
	return "minio-go"
}

func main() {
	h.Main(label, version(), []h.Check{
		{Name: "buckets", Run: buckets}, {Name: "create in a race", Run: createRace}, {Name: "compare and swap counter", Run: counter},
		{Name: "signed trailers", Run: trailers(false, old)}, {Name: "unsigned trailers", Run: trailers(true, old)},
		{Name: "signed trailers of the checksums of 2026", Run: trailers(false, recent)}, {Name: "unsigned trailers of the checksums of 2026", Run: trailers(true, recent)},
		{Name: "parts with signed trailers", Run: parts(false)}, {Name: "parts with unsigned trailers", Run: parts(true)},
		{Name: "object attributes", Run: attributes}, {Name: "compose and copy", Run: compose}, {Name: "ranges", Run: ranges},
		{Name: "40 refused uploads of 10 MiB say why", Run: refusedUploads}, {Name: "odd keys and listings", Run: listings}, {Name: "presigned", Run: presigned}, {Name: "clean", Run: clean},
	})
}
