import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.*;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.transfer.s3.S3TransferManager;

/** The AWS SDK for Java 2: its sync client, its async one with multipart, and the transfer manager. */
final class AwsJava {
  static final String BUCKET = Harness.bucket("aws-java");
  static final int MIB = Harness.MIB;
  static final S3Client s3 = S3Client.builder().endpointOverride(URI.create(Harness.ENDPOINT)).region(Region.US_EAST_1).forcePathStyle(true)
      .credentialsProvider(EnvironmentVariableCredentialsProvider.create()).build();
  static final S3AsyncClient async = S3AsyncClient.builder().endpointOverride(URI.create(Harness.ENDPOINT)).region(Region.US_EAST_1).forcePathStyle(true)
      .credentialsProvider(EnvironmentVariableCredentialsProvider.create()).multipartEnabled(true)
      .multipartConfiguration(c -> c.minimumPartSizeInBytes(5L * MIB).thresholdInBytes(8L * MIB)).build();

  static byte[] get(String key) {
    return s3.getObjectAsBytes(r -> r.bucket(BUCKET).key(key).checksumMode(ChecksumMode.ENABLED)).asByteArray();
  }

  static PutObjectResponse put(String key, byte[] body) {
    return s3.putObject(r -> r.bucket(BUCKET).key(key), RequestBody.fromBytes(body));
  }

  static boolean lost(Exception error) {
    return error instanceof S3Exception answer && answer.statusCode() == 412 && answer.awsErrorDetails().errorCode().equals("PreconditionFailed");
  }

  static void refused(String code, Harness.Run run) throws Exception {
    try {
      run.run();
    } catch (S3Exception error) {
      Harness.same("error code", error.awsErrorDetails().errorCode(), code);
      return;
    }
    throw new AssertionError("expected " + code + ", but it was accepted");
  }

  static byte[] text(Object value) {
    return String.valueOf(value).getBytes(StandardCharsets.UTF_8);
  }

  static void buckets() throws Exception {
    s3.createBucket(r -> r.bucket(BUCKET));
    s3.waiter().waitUntilBucketExists(r -> r.bucket(BUCKET));
    refused("NoSuchBucket", () -> s3.listObjectsV2(r -> r.bucket(BUCKET + "-none")));
  }

  static void createRace() throws Exception {
    for (int turn = 0; turn < 4; turn++) {
      String key = "race/" + turn;
      int winner = Harness.onlyWinner(Harness.race(16, number -> s3.putObject(r -> r.bucket(BUCKET).key(key).ifNoneMatch("*"), RequestBody.fromBytes(text(number)))), AwsJava::lost);
      Harness.same(key, get(key), text(winner));
    }
  }

  static void counter() throws Exception {
    put("counter", text(0));
    AtomicInteger losses = new AtomicInteger();
    Harness.noErrors(Harness.race(8, ignored -> {
      for (int done = 0; done < 5;) {
        var now = s3.getObjectAsBytes(r -> r.bucket(BUCKET).key("counter"));
        int value = Integer.parseInt(now.asUtf8String());
        try {
          s3.putObject(r -> r.bucket(BUCKET).key("counter").ifMatch(now.response().eTag()), RequestBody.fromBytes(text(value + 1)));
          done++;
        } catch (S3Exception error) {
          if (!lost(error)) throw error;
          losses.incrementAndGet();
        }
      }
    }));
    Harness.same("counter", get("counter"), text(40));
    if (losses.get() == 0) throw new AssertionError("nobody lost a round: the race is none");
  }

  /** The SDK sends a checksum behind a body whose length it knows in signed or unsigned chunks, by the client's choice. */
  static void checksums() throws Exception {
    byte[] body = Harness.random(300_001);
    List<String> bad = new ArrayList<>();
    for (ChecksumAlgorithm algorithm : ChecksumAlgorithm.knownValues()) {
      String key = "sum/" + algorithm;
      try {
        s3.putObject(r -> r.bucket(BUCKET).key(key).checksumAlgorithm(algorithm), RequestBody.fromBytes(body));
        s3.putObject(r -> r.bucket(BUCKET).key(key + "/stream").checksumAlgorithm(algorithm), RequestBody.fromInputStream(new java.io.ByteArrayInputStream(body), body.length));
        async.putObject(r -> r.bucket(BUCKET).key(key + "/async").checksumAlgorithm(algorithm), AsyncRequestBody.fromBytes(body)).get();
        String of = null;
        for (String end : List.of("", "/stream", "/async")) {
          Harness.same(key + end, get(key + end), body);
          var told = s3.getObjectAttributes(r -> r.bucket(BUCKET).key(key + end).objectAttributes(ObjectAttributes.CHECKSUM, ObjectAttributes.OBJECT_SIZE, ObjectAttributes.E_TAG));
          Harness.same("size", told.objectSize(), (long) body.length);
          Harness.same("checksum type", told.checksum().checksumTypeAsString(), "FULL_OBJECT");
          String value = told.checksum().toString();
          if (of != null) Harness.same(key + end, value, of);
          of = value;
        }
      } catch (Exception | AssertionError error) {
        String says = String.valueOf(error);
        // This SDK knows its name and computes none.
        if (!says.contains("MD5 is not supported")) bad.add(algorithm + ": " + says);
      }
    }
    if (!bad.isEmpty()) throw new AssertionError(String.join("\n", bad));
    refused("BadDigest", () -> s3.putObject(r -> r.bucket(BUCKET).key("wrong").checksumCRC32("AAAAAA=="), RequestBody.fromBytes(body)));
    refused("BadDigest", () -> s3.putObject(r -> r.bucket(BUCKET).key("wrong").checksumSHA256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), RequestBody.fromBytes(body)));
  }

  /** The client on the AWS common runtime (C): parts and ranges by its own plan. */
  static void commonRuntime() throws Exception {
    byte[] body = Harness.random(29 * MIB + 3);
    try (S3AsyncClient crt = S3AsyncClient.crtBuilder().endpointOverride(URI.create(Harness.ENDPOINT)).region(Region.US_EAST_1).forcePathStyle(true)
        .credentialsProvider(EnvironmentVariableCredentialsProvider.create()).minimumPartSizeInBytes(5L * MIB).build()) {
      for (ChecksumAlgorithm algorithm : List.of(ChecksumAlgorithm.CRC64_NVME, ChecksumAlgorithm.CRC32_C, ChecksumAlgorithm.SHA256)) {
        crt.putObject(r -> r.bucket(BUCKET).key("crt/" + algorithm).checksumAlgorithm(algorithm), AsyncRequestBody.fromBytes(body)).get();
        Harness.same("crt/" + algorithm, crt.getObject(r -> r.bucket(BUCKET).key("crt/" + algorithm).checksumMode(ChecksumMode.ENABLED), AsyncResponseTransformer.toBytes()).get().asByteArray(), body);
      }
      crt.copyObject(r -> r.sourceBucket(BUCKET).sourceKey("crt/SHA256").destinationBucket(BUCKET).destinationKey("crt/copy")).get();
      Harness.same("crt/copy", get("crt/copy"), body);
    }
    Harness.same("unfinished", s3.listMultipartUploads(r -> r.bucket(BUCKET)).uploads().size(), 0);
  }

  static void asyncParts() throws Exception {
    byte[] body = Harness.random(21 * MIB + 3);
    for (ChecksumAlgorithm algorithm : List.of(ChecksumAlgorithm.CRC32, ChecksumAlgorithm.SHA256)) {
      String key = "async/" + algorithm;
      var answer = async.putObject(r -> r.bucket(BUCKET).key(key).checksumAlgorithm(algorithm), AsyncRequestBody.fromBytes(body)).get();
      if (!answer.eTag().endsWith("-5\"")) throw new AssertionError(answer.eTag());
      Harness.same(key, async.getObject(r -> r.bucket(BUCKET).key(key), AsyncResponseTransformer.toBytes()).get().asByteArray(), body);
    }
    // Above the threshold the async client copies in parts.
    async.copyObject(r -> r.sourceBucket(BUCKET).sourceKey("async/CRC32").destinationBucket(BUCKET).destinationKey("async/copy +%")).get();
    Harness.same("copy", get("async/copy +%"), body);
    var piece = s3.getObjectAsBytes(r -> r.bucket(BUCKET).key("async/copy +%").range("bytes=5242878-5242882")).asByteArray();
    Harness.same("range", piece, Arrays.copyOfRange(body, 5242878, 5242883));
    Harness.same("unfinished", s3.listMultipartUploads(r -> r.bucket(BUCKET)).uploads().size(), 0);
  }

  static void transferManager() throws Exception {
    Path from = Files.createTempDirectory(Path.of(System.getenv("WORK")), "from");
    Path to = Files.createTempDirectory(Path.of(System.getenv("WORK")), "to");
    Files.createDirectories(from.resolve("deep/er"));
    for (int i = 0; i < 120; i++) Files.write(from.resolve(i % 2 == 0 ? "sp ace+" + i : "deep/er/\u00e4" + i), Harness.random(1000 + i));
    Files.write(from.resolve("large"), Harness.random(21 * MIB));
    try (S3TransferManager manager = S3TransferManager.builder().s3Client(async).build()) {
      var up = manager.uploadDirectory(r -> r.bucket(BUCKET).s3Prefix("tree").source(from)).completionFuture().get();
      Harness.same("failed uploads", up.failedTransfers().size(), 0);
      var down = manager.downloadDirectory(r -> r.bucket(BUCKET).listObjectsV2RequestTransformer(l -> l.prefix("tree/")).destination(to)).completionFuture().get();
      Harness.same("failed downloads", down.failedTransfers().size(), 0);
    }
    try (var files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) Harness.same(file.toString(), Files.readAllBytes(to.resolve(from.relativize(file))), Files.readAllBytes(file));
    }
  }

  static void partsByHand() throws Exception {
    String key = "by hand";
    String id = s3.createMultipartUpload(r -> r.bucket(BUCKET).key(key).checksumAlgorithm(ChecksumAlgorithm.CRC64_NVME).checksumType(ChecksumType.FULL_OBJECT)).uploadId();
    byte[][] bodies = {Harness.random(5 * MIB), Harness.random(5 * MIB + 1), Harness.random(9)};
    CompletedPart[] parts = new CompletedPart[3];
    Harness.noErrors(Harness.race(3, i -> {
      int number = 3 - i;
      var answer = s3.uploadPart(r -> r.bucket(BUCKET).key(key).uploadId(id).partNumber(number).checksumAlgorithm(ChecksumAlgorithm.CRC64_NVME), RequestBody.fromBytes(bodies[number - 1]));
      parts[number - 1] = CompletedPart.builder().partNumber(number).eTag(answer.eTag()).build();
    }));
    refused("InvalidPartOrder", () -> s3.completeMultipartUpload(r -> r.bucket(BUCKET).key(key).uploadId(id).multipartUpload(m -> m.parts(parts[1], parts[0]))));
    refused("InvalidPart", () -> s3.completeMultipartUpload(r -> r.bucket(BUCKET).key(key).uploadId(id).multipartUpload(m -> m.parts(parts[0].copy(p -> p.eTag("\"0\""))))));
    Harness.same("parts", s3.listPartsPaginator(r -> r.bucket(BUCKET).key(key).uploadId(id).maxParts(2)).parts().stream().count(), 3L);
    var done = s3.completeMultipartUpload(r -> r.bucket(BUCKET).key(key).uploadId(id).ifNoneMatch("*").multipartUpload(m -> m.parts(parts)));
    if (done.checksumCRC64NVME() == null) throw new AssertionError("no CRC64NVME in the answer");
    byte[] whole = new byte[10 * MIB + 10];
    System.arraycopy(bodies[0], 0, whole, 0, 5 * MIB);
    System.arraycopy(bodies[1], 0, whole, 5 * MIB, 5 * MIB + 1);
    System.arraycopy(bodies[2], 0, whole, 10 * MIB + 1, 9);
    Harness.same(key, get(key), whole);
    String gone = s3.createMultipartUpload(r -> r.bucket(BUCKET).key(key)).uploadId();
    s3.abortMultipartUpload(r -> r.bucket(BUCKET).key(key).uploadId(gone));
    refused("NoSuchUpload", () -> s3.uploadPart(r -> r.bucket(BUCKET).key(key).uploadId(gone).partNumber(1), RequestBody.fromString("x")));
  }

  static void refusedUploads() throws Exception {
    byte[] body = Harness.random(4 * MIB);
    S3Client hasty = S3Client.builder().endpointOverride(URI.create(Harness.ENDPOINT)).region(Region.US_EAST_1).forcePathStyle(true)
        .credentialsProvider(EnvironmentVariableCredentialsProvider.create()).overrideConfiguration(c -> c.retryStrategy(r -> r.maxAttempts(1)))
        .serviceConfiguration(c -> c.expectContinueEnabled(false)).build();
    List<String> bad = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      try {
        hasty.putObject(r -> r.bucket(BUCKET + "-none").key("x"), RequestBody.fromBytes(body));
        bad.add("accepted");
      } catch (NoSuchBucketException expected) {
        // said why
      } catch (Exception error) {
        bad.add(String.valueOf(error));
      }
    }
    if (!bad.isEmpty()) throw new AssertionError("of 40 " + bad.size() + " did not say NoSuchBucket: " + bad.get(0));
  }

  static void listings() throws Exception {
    TreeSet<String> want = new TreeSet<>();
    for (String key : Harness.ODD_KEYS) {
      put("odd/" + key, text(key));
      Harness.same(key, get("odd/" + key), text(key));
      want.add("odd/" + key);
    }
    TreeSet<String> got = new TreeSet<>();
    s3.listObjectsV2Paginator(r -> r.bucket(BUCKET).prefix("odd/").maxKeys(4)).contents().forEach(entry -> got.add(entry.key()));
    Harness.same("listed", got, want);
    s3.copyObject(r -> r.sourceBucket(BUCKET).sourceKey("odd/%2F").destinationBucket(BUCKET).destinationKey("odd/q?"));
    Harness.same("copy", get("odd/q?"), text("%2F"));
  }

  static void presigned() throws Exception {
    try (S3Presigner signer = S3Presigner.builder().endpointOverride(URI.create(Harness.ENDPOINT)).region(Region.US_EAST_1).serviceConfiguration(S3Configuration.builder().pathStyleAccessEnabled(true).build())
        .credentialsProvider(EnvironmentVariableCredentialsProvider.create()).build()) {
      HttpClient http = HttpClient.newHttpClient();
      var up = signer.presignPutObject(r -> r.signatureDuration(Duration.ofMinutes(1)).putObjectRequest(p -> p.bucket(BUCKET).key("pre signed+1")));
      var status = http.send(HttpRequest.newBuilder(up.url().toURI()).PUT(HttpRequest.BodyPublishers.ofString("by url")).build(), HttpResponse.BodyHandlers.ofString());
      Harness.same("PUT " + status.body(), status.statusCode(), 200);
      var down = signer.presignGetObject(r -> r.signatureDuration(Duration.ofMinutes(1)).getObjectRequest(p -> p.bucket(BUCKET).key("pre signed+1")));
      Harness.same("GET", http.send(HttpRequest.newBuilder(down.url().toURI()).build(), HttpResponse.BodyHandlers.ofString()).body(), "by url");
    }
  }

  static void clean() throws Exception {
    for (var page : s3.listObjectsV2Paginator(r -> r.bucket(BUCKET))) {
      var names = page.contents().stream().map(entry -> ObjectIdentifier.builder().key(entry.key()).build()).toList();
      Harness.same("errors", s3.deleteObjects(r -> r.bucket(BUCKET).delete(d -> d.objects(names))).errors().size(), 0);
    }
    s3.deleteBucket(r -> r.bucket(BUCKET));
    s3.waiter().waitUntilBucketNotExists(r -> r.bucket(BUCKET));
  }

  public static void main(String[] arguments) {
    new Harness("aws-java").check("buckets", AwsJava::buckets).check("create in a race", AwsJava::createRace).check("compare and swap counter", AwsJava::counter)
        .check("every checksum, by the sync and the async client", AwsJava::checksums).check("the async client's parts", AwsJava::asyncParts)
        .check("the common runtime's parts", AwsJava::commonRuntime).check("directories by the transfer manager", AwsJava::transferManager).check("parts by hand, whole-object CRC64NVME", AwsJava::partsByHand)
        .check("40 refused uploads of 4 MiB say why", AwsJava::refusedUploads).check("odd keys and listings", AwsJava::listings).check("presigned", AwsJava::presigned)
        .check("clean", AwsJava::clean).main("AWS SDK for Java " + VersionInfo.SDK_VERSION);
  }
}
