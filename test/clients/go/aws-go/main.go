// Command aws-go drives aws-sdk-go-v2's S3 client and its transfer manager. ENDPOINT, PREFIX and the keys come from the environment.
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

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	h "elastickv.test/clients/harness"
)

const label = "aws-go"

var (
	ctx    = context.Background()
	bucket = aws.String(os.Getenv("PREFIX") + "-" + label)
	client = connect(func(*s3.Options) {})
)

func connect(more func(*s3.Options)) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(os.Getenv("ENDPOINT")),
		Region:       "us-east-1",
		UsePathStyle: true,
		// What config.LoadDefaultConfig sets.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		Credentials:                credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
	}, more)
}

// code is the error code of the answer; HEAD has none but NotFound.
func code(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode()
	}
	return fmt.Sprintf("no answer: %v", err)
}

func refused(want string, err error) error {
	if err == nil {
		return fmt.Errorf("expected %s, but it was accepted", want)
	}
	if got := code(err); got != want {
		return fmt.Errorf("expected %s, got %s: %w", want, got, err)
	}
	return nil
}

func put(key string, body []byte, more func(*s3.PutObjectInput)) (*s3.PutObjectOutput, error) {
	input := &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(body)}
	if more != nil {
		more(input)
	}
	return client.PutObject(ctx, input)
}

func get(key string, byteRange *string) ([]byte, error) {
	answer, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: &key, Range: byteRange, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

func holds(key string, want []byte) error {
	got, err := get(key, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%s: %d bytes that differ from the %d wanted", key, len(got), len(want))
	}
	return nil
}

func buckets() error {
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		return err
	}
	_, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(*bucket + "-none")})
	return refused("NotFound", err)
}

func createRace() error {
	for turn := range 4 {
		key := fmt.Sprintf("race/%d", turn)
		answers := h.Race(16, func(number int) error {
			_, err := put(key, []byte(strconv.Itoa(number)), func(input *s3.PutObjectInput) { input.IfNoneMatch = aws.String("*") })
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
	if _, err := put("counter", []byte("0"), nil); err != nil {
		return err
	}
	var lost atomic.Int32
	answers := h.Race(8, func(int) error {
		for done := 0; done < 5; {
			now, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("counter")})
			if err != nil {
				return err
			}
			text, err := io.ReadAll(now.Body)
			now.Body.Close()
			if err != nil {
				return err
			}
			value, err := strconv.Atoi(string(text))
			if err != nil {
				return err
			}
			_, err = put("counter", []byte(strconv.Itoa(value+1)), func(input *s3.PutObjectInput) { input.IfMatch = now.ETag })
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

// The algorithms for which this SDK has code; the others may only be given (see python/checksums-client.py).
var computed = []types.ChecksumAlgorithm{
	types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha1,
	types.ChecksumAlgorithmSha256, types.ChecksumAlgorithmSha512,
}

// Over plain HTTP the SDK sends the checksum of a seekable body as a header, of one that cannot seek not at all: it must not sign it.
func checksums() error {
	body := h.Random(300_001)
	var bad []error
	for _, algorithm := range computed {
		key := "sum/" + string(algorithm)
		if _, err := put(key, body, func(input *s3.PutObjectInput) { input.ChecksumAlgorithm = algorithm }); err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", algorithm, err))
			continue
		}
		head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
		if err != nil {
			return err
		}
		told, err := client.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: bucket, Key: &key, ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesChecksum}})
		if err != nil {
			return err
		}
		bad = append(bad, holds(key, body), h.Same(key, ofHead(head, algorithm), ofAttributes(told.Checksum, algorithm)))
	}
	_, err := put("wrong", body, func(input *s3.PutObjectInput) { input.ChecksumCRC32C = aws.String("AAAAAA==") })
	return errors.Join(append(bad, refused("BadDigest", err))...)
}

func ofHead(head *s3.HeadObjectOutput, algorithm types.ChecksumAlgorithm) string {
	return aws.ToString(map[types.ChecksumAlgorithm]*string{
		types.ChecksumAlgorithmCrc32: head.ChecksumCRC32, types.ChecksumAlgorithmCrc32c: head.ChecksumCRC32C, types.ChecksumAlgorithmCrc64nvme: head.ChecksumCRC64NVME,
		types.ChecksumAlgorithmSha1: head.ChecksumSHA1, types.ChecksumAlgorithmSha256: head.ChecksumSHA256, types.ChecksumAlgorithmSha512: head.ChecksumSHA512,
	}[algorithm])
}

func ofAttributes(told *types.Checksum, algorithm types.ChecksumAlgorithm) string {
	if told == nil {
		return "nothing"
	}
	return aws.ToString(map[types.ChecksumAlgorithm]*string{
		types.ChecksumAlgorithmCrc32: told.ChecksumCRC32, types.ChecksumAlgorithmCrc32c: told.ChecksumCRC32C, types.ChecksumAlgorithmCrc64nvme: told.ChecksumCRC64NVME,
		types.ChecksumAlgorithmSha1: told.ChecksumSHA1, types.ChecksumAlgorithmSha256: told.ChecksumSHA256, types.ChecksumAlgorithmSha512: told.ChecksumSHA512,
	}[algorithm])
}

// This SDK sends a line of x-amz-object-attributes for each attribute.
func attributes() error {
	if _, err := put("attributes", []byte("12345"), nil); err != nil {
		return err
	}
	told, err := client.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: bucket, Key: aws.String("attributes"), ObjectAttributes: []types.ObjectAttributes{
		types.ObjectAttributesEtag, types.ObjectAttributesChecksum, types.ObjectAttributesObjectParts, types.ObjectAttributesStorageClass, types.ObjectAttributesObjectSize,
	}})
	if err != nil {
		return err
	}
	if told.ETag == nil || told.Checksum == nil || told.ObjectSize == nil || told.StorageClass == "" {
		return fmt.Errorf("ETag %v, checksum %v, size %v, class '%s'", told.ETag, told.Checksum, told.ObjectSize, told.StorageClass)
	}
	return errors.Join(h.Same("size", *told.ObjectSize, 5), h.Same("ETag", *told.ETag, "827ccb0eea8a706c4c34a16891f84e7b"), h.Same("class", told.StorageClass, types.StorageClassStandard))
}

func transfers() error {
	body := h.Random(37*h.MiB + 3)
	up := manager.NewUploader(client, func(u *manager.Uploader) { u.PartSize, u.Concurrency = 5*h.MiB, 6 })
	var bad []error
	for _, algorithm := range []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha256} {
		key := "large/" + string(algorithm)
		// A pipe: neither length nor seek.
		reader := io.MultiReader(bytes.NewReader(body[:1000]), bytes.NewReader(body[1000:]))
		answer, err := up.Upload(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: reader, ChecksumAlgorithm: algorithm, IfNoneMatch: aws.String("*")})
		if err != nil {
			return err
		}
		if !strings.HasSuffix(aws.ToString(answer.ETag), `-8"`) {
			return fmt.Errorf("ETag %s", aws.ToString(answer.ETag))
		}
		back := manager.NewWriteAtBuffer(nil)
		if _, err := manager.NewDownloader(client, func(d *manager.Downloader) { d.PartSize = 3 * h.MiB }).Download(ctx, back, &s3.GetObjectInput{Bucket: bucket, Key: &key}); err != nil {
			return err
		}
		if !bytes.Equal(back.Bytes(), body) {
			return errors.New("what came back differs")
		}
		_, err = up.Upload(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(body), IfNoneMatch: aws.String("*")})
		bad = append(bad, refused("PreconditionFailed", err))
	}
	piece, err := get("large/SHA256", aws.String("bytes=5242878-5242882"))
	bad = append(bad, err, h.Same("range", string(piece), string(body[5242878:5242883])))
	left, err := client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: bucket})
	if err != nil {
		return err
	}
	return errors.Join(append(bad, h.Same("unfinished uploads", len(left.Uploads), 0))...)
}

func partCopies() error {
	key, source := aws.String("put together"), aws.String(*bucket+"/large/SHA256")
	made, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32c, ChecksumType: types.ChecksumTypeFullObject})
	if err != nil {
		return err
	}
	parts := make([]types.CompletedPart, 3)
	if err := errors.Join(h.Race(3, func(number int) error {
		begin := number * 6 * h.MiB
		answer, err := client.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
			Bucket: bucket, Key: key, UploadId: made.UploadId, PartNumber: aws.Int32(int32(number + 1)), CopySource: source,
			CopySourceRange: aws.String(fmt.Sprintf("bytes=%d-%d", begin, begin+6*h.MiB-1)),
		})
		if err == nil {
			parts[number] = types.CompletedPart{PartNumber: aws.Int32(int32(number + 1)), ETag: answer.CopyPartResult.ETag, ChecksumCRC32C: answer.CopyPartResult.ChecksumCRC32C}
		}
		return err
	})...); err != nil {
		return err
	}
	done, err := client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: made.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}, ChecksumType: types.ChecksumTypeFullObject})
	if err != nil {
		return err
	}
	if done.ChecksumCRC32C == nil {
		return errors.New("no CRC32C in the answer")
	}
	want, err := get("large/SHA256", aws.String(fmt.Sprintf("bytes=0-%d", 18*h.MiB-1)))
	if err != nil {
		return err
	}
	return holds(*key, want) // the SDK compares it with the checksum over the whole object
}

func abortedUpload() error {
	body := &givenUp{left: 12 * h.MiB}
	_, err := manager.NewUploader(client).Upload(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("given up"), Body: body})
	if err == nil {
		return errors.New("accepted")
	}
	left, err := client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: bucket})
	if err != nil {
		return err
	}
	_, err = client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("given up")})
	return errors.Join(refused("NotFound", err), h.Same("unfinished uploads", len(left.Uploads), 0))
}

type givenUp struct{ left int }

func (g *givenUp) Read(into []byte) (int, error) {
	if g.left <= 0 {
		return 0, errors.New("given up")
	}
	size := min(len(into), g.left)
	g.left -= size
	return size, nil
}

// An upload is refused by its head: the client must get to see why, and not a broken pipe.
func refusedUploads() error {
	body := h.Random(4 * h.MiB)
	strange := connect(func(o *s3.Options) {
		o.ContinueHeaderThresholdBytes = -1 // no Expect: 100-continue
		o.RetryMaxAttempts = 1
	})
	bad := map[string]int{}
	for number := range 40 {
		name := aws.String(*bucket + "-none")
		_, err := strange.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: aws.String(fmt.Sprint(number)), Body: bytes.NewReader(body)})
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
	for _, key := range h.OddKeys {
		if _, err := put("odd/"+key, []byte(key), nil); err != nil {
			return err
		}
		if err := holds("odd/"+key, []byte(key)); err != nil {
			return err
		}
	}
	want, top := []string{}, map[string]bool{}
	for _, key := range h.OddKeys {
		want = append(want, "odd/"+key)
		if first, _, deeper := strings.Cut(key, "/"); deeper {
			top["odd/"+first+"/"] = true
		}
	}
	sort.Strings(want)
	var got []string
	for pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("odd/"), MaxKeys: aws.Int32(4)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, entry := range page.Contents {
			got = append(got, *entry.Key)
		}
	}
	flat, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("odd/"), Delimiter: aws.String("/")})
	if err != nil {
		return err
	}
	for _, prefix := range flat.CommonPrefixes {
		delete(top, *prefix.Prefix)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("listed %q", got)
	}
	return h.Same("prefixes not listed", len(top), 0)
}

func copies() error {
	body, err := get("odd/100%", nil)
	if err != nil {
		return err
	}
	_, err = client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copied"), CopySource: aws.String(*bucket + "/odd/100%25"), ChecksumAlgorithm: types.ChecksumAlgorithmSha1})
	if err != nil {
		return err
	}
	_, err = client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copied"), CopySource: aws.String(*bucket + "/odd/100%25"), CopySourceIfMatch: aws.String(`"0"`)})
	return errors.Join(refused("PreconditionFailed", err), holds("copied", body))
}

func presigned() error {
	signer := s3.NewPresignClient(client)
	up, err := signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("pre signed+1")}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		return err
	}
	status, text, err := h.Fetch("PUT", up.URL, "by url")
	if err != nil || status != 200 {
		return fmt.Errorf("PUT: %d %s %w", status, text, err)
	}
	down, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("pre signed+1")}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		return err
	}
	status, text, err = h.Fetch("GET", down.URL, "")
	if err != nil {
		return err
	}
	return errors.Join(h.Same("status", status, 200), h.Same("body", text, "by url"))
}

func waitersAndClean() error {
	for pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: bucket}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var names []types.ObjectIdentifier
		for _, entry := range page.Contents {
			names = append(names, types.ObjectIdentifier{Key: entry.Key, ETag: entry.ETag})
		}
		answer, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: names}})
		if err != nil {
			return err
		}
		if len(answer.Errors) > 0 {
			return fmt.Errorf("not deleted: %s", aws.ToString(answer.Errors[0].Message))
		}
	}
	if _, err := client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket}); err != nil {
		return err
	}
	return s3.NewBucketNotExistsWaiter(client).Wait(ctx, &s3.HeadBucketInput{Bucket: bucket}, 10*time.Second)
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/aws/aws-sdk-go-v2/service/s3" {
			return "aws-sdk-go-v2/service/s3 " + module.Version
		}
	}
	return "aws-sdk-go-v2"
}

func main() {
	h.Main(label, version(), []h.Check{
		{Name: "buckets", Run: buckets}, {Name: "create in a race", Run: createRace}, {Name: "compare and swap counter", Run: counter},
		{Name: "every checksum that the SDK computes", Run: checksums}, {Name: "object attributes, a header line each", Run: attributes},
		{Name: "transfers in parts", Run: transfers}, {Name: "copies of parts, whole-object checksum", Run: partCopies},
		{Name: "an upload that is given up leaves nothing", Run: abortedUpload}, {Name: "40 refused uploads of 4 MiB say why", Run: refusedUploads},
		{Name: "odd keys and listings", Run: listings}, {Name: "copies", Run: copies}, {Name: "presigned", Run: presigned}, {Name: "waiters and clean", Run: waitersAndClean},
	})
}
