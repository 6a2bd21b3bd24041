import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileRange;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.MultipartUploader;
import org.apache.hadoop.fs.PartHandle;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.fs.UploadHandle;
import org.apache.hadoop.util.VersionInfo;
import software.amazon.awssdk.services.s3.model.ChecksumMode;

/** Hadoop's S3A file system, with the SDK's modules in place of its bundle. */
final class S3a {
  static final String BUCKET = Harness.bucket("s3a");
  static final Path ROOT = new Path("s3a://" + BUCKET + "/");
  static final int MIB = Harness.MIB;
  static FileSystem fs;

  static FileSystem open(Map<String, String> more) throws IOException {
    Configuration settings = new Configuration(false);
    settings.addResource("core-default.xml");
    Map<String, String> all = new TreeMap<>(Map.of(
        "fs.s3a.endpoint", Harness.ENDPOINT, "fs.s3a.endpoint.region", "us-east-1", "fs.s3a.path.style.access", "true", "fs.s3a.connection.ssl.enabled", "false",
        "fs.s3a.access.key", System.getenv("AWS_ACCESS_KEY_ID"), "fs.s3a.secret.key", System.getenv("AWS_SECRET_ACCESS_KEY"),
        "fs.s3a.aws.credentials.provider", "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider", "fs.s3a.multipart.size", "5M",
        "fs.s3a.multipart.threshold", "5M", "hadoop.tmp.dir", System.getenv("WORK")));
    all.putAll(Map.of("fs.s3a.etag.checksum.enabled", "true", "fs.s3a.bucket.probe", "2", "fs.s3a.fast.upload.buffer", "array"));
    all.putAll(more);
    all.forEach(settings::set);
    return FileSystem.newInstance(URI.create(ROOT.toString()), settings);
  }

  static Path at(String key) {
    return new Path(ROOT, key);
  }

  static void write(FileSystem where, Path path, byte[] body) throws IOException {
    try (FSDataOutputStream out = where.create(path, true)) {
      out.write(body);
    }
  }

  static byte[] read(Path path) throws IOException {
    try (InputStream in = fs.open(path)) {
      return in.readAllBytes();
    }
  }

  static void connect() throws Exception {
    AwsJava.s3.createBucket(r -> r.bucket(BUCKET));
    fs = open(Map.of());
    Harness.same("files at the root", fs.listStatus(ROOT).length, 0);
    try {
      fs.getFileStatus(at("nothing"));
      throw new AssertionError("status of nothing");
    } catch (FileNotFoundException expected) {
      // as it should
    }
  }

  static void readsAndSeeks() throws Exception {
    byte[] body = Harness.random(13 * MIB + 5);
    write(fs, at("dir/large"), body);
    Harness.same("length", fs.getFileStatus(at("dir/large")).getLen(), (long) body.length);
    Harness.same("content", read(at("dir/large")), body);
    if (fs.getFileChecksum(at("dir/large")) == null) throw new AssertionError("no ETag");
    try (FSDataInputStream in = fs.open(at("dir/large"))) {
      byte[] piece = new byte[1000];
      for (int offset : new int[] {12 * MIB, 5, 5 * MIB - 500, body.length - 1000}) {
        in.readFully(offset, piece);
        Harness.same("at " + offset, piece, Arrays.copyOfRange(body, offset, offset + 1000));
      }
      List<FileRange> ranges = new ArrayList<>();
      for (int i = 0; i < 30; i++) ranges.add(FileRange.createFileRange((long) i * 400_001, 4_000));
      in.readVectored(ranges, ByteBuffer::allocate);
      for (FileRange range : ranges) {
        byte[] got = new byte[4_000];
        range.getData().get().get(got);
        Harness.same("range", got, Arrays.copyOfRange(body, (int) range.getOffset(), (int) range.getOffset() + 4_000));
      }
    }
  }

  /** Creation that the store decides: If-None-Match on a PUT, and on the completion of a large one. */
  static void createRace() throws Exception {
    for (int size : new int[] {1000, 6 * MIB}) {
      Path path = at("race/" + size);
      var answers = Harness.race(6, number -> {
        byte[] body = new byte[size];
        Arrays.fill(body, (byte) number);
        var how = fs.createFile(path).overwrite(true);
        how.must("fs.option.create.conditional.overwrite", true);
        FSDataOutputStream out = how.build();
        out.write(body);
        out.close();
      });
      int winner = Harness.onlyWinner(answers, error -> error instanceof FileAlreadyExistsException || String.valueOf(error).contains("412"));
      byte[] got = read(path);
      Harness.same("length", got.length, size);
      for (byte one : got) if (one != winner) throw new AssertionError("a byte of another writer");
    }
  }

  static void renameAndDeleteTrees() throws Exception {
    TreeSet<String> names = new TreeSet<>();
    for (int i = 0; i < 60; i++) {
      String name = (i % 3 == 0 ? "a b/" : i % 3 == 1 ? "\u00e4+%/deep/" : "") + "file " + i;
      write(fs, at("tree/" + name), name.getBytes(StandardCharsets.UTF_8));
      names.add(name);
    }
    if (!fs.rename(at("tree"), at("moved +%"))) throw new AssertionError("not renamed");
    TreeSet<String> found = new TreeSet<>();
    RemoteIterator<LocatedFileStatus> files = fs.listFiles(at("moved +%"), true);
    while (files.hasNext()) {
      Path path = files.next().getPath();
      String name = at("moved +%").toUri().relativize(path.toUri()).getPath();
      Harness.same(name, read(path), name.getBytes(StandardCharsets.UTF_8));
      found.add(name);
    }
    Harness.same("files", found, names);
    Harness.same("left", fs.exists(at("tree")), false);
    Harness.same("summary", fs.getContentSummary(at("moved +%")).getFileCount(), 60L);
    fs.mkdirs(at("empty/er"));
    Harness.same("directory", fs.getFileStatus(at("empty/er")).isDirectory(), true);
    Harness.same("listed", fs.listStatus(at("empty")).length, 1);
    if (!fs.delete(at("moved +%"), true) || !fs.delete(at("empty"), true)) throw new AssertionError("not deleted");
    Harness.same("left", fs.exists(at("moved +%")), false);
  }

  static void checksumsByName() throws Exception {
    byte[] body = Harness.random(6 * MIB);
    List<String> bad = new ArrayList<>();
    for (String algorithm : List.of("CRC32C", "SHA256", "CRC64NVME")) {
      try (FileSystem careful = open(Map.of("fs.s3a.create.checksum.algorithm", algorithm))) {
        write(careful, at("sum/" + algorithm), body);
        write(careful, at("sum/small " + algorithm), new byte[] {1});
      }
      Harness.same(algorithm, read(at("sum/" + algorithm)), body);
      for (String key : List.of("sum/" + algorithm, "sum/small " + algorithm)) {
        var head = AwsJava.s3.headObject(r -> r.bucket(BUCKET).key(key).checksumMode(ChecksumMode.ENABLED));
        if (!head.toString().contains("Checksum" + algorithm + "=")) bad.add(key + ": " + head);
      }
    }
    if (!bad.isEmpty()) throw new AssertionError(String.join("\n", bad));
  }

  /** The parts API that committers use: parts out of order, an upload that is given up. */
  static void multipartUploader() throws Exception {
    Path path = at("by parts");
    MultipartUploader uploader = fs.createMultipartUploader(ROOT).build();
    UploadHandle upload = uploader.startUpload(path).get();
    Map<Integer, PartHandle> parts = new HashMap<>();
    byte[][] bodies = {Harness.random(5 * MIB), Harness.random(5 * MIB + 1), Harness.random(9)};
    for (int number : new int[] {3, 1, 2}) {
      byte[] body = bodies[number - 1];
      parts.put(number, uploader.putPart(upload, number, number == 3, path, new java.io.ByteArrayInputStream(body), body.length).get());
    }
    Harness.same("before", fs.exists(path), false);
    uploader.complete(upload, path, parts).get();
    byte[] got = read(path);
    Harness.same("length", got.length, 10 * MIB + 10);
    Harness.same("end", Arrays.copyOfRange(got, 10 * MIB + 1, 10 * MIB + 10), bodies[2]);
    UploadHandle gone = uploader.startUpload(at("never")).get();
    uploader.putPart(gone, 1, false, at("never"), new java.io.ByteArrayInputStream(bodies[0]), bodies[0].length).get();
    uploader.abort(gone, at("never")).get();
    uploader.startUpload(at("never too")).get();
    Harness.same("aborted", uploader.abortUploadsUnderPath(ROOT).get(), 1);
    uploader.close();
    Harness.same("unfinished", AwsJava.s3.listMultipartUploads(r -> r.bucket(BUCKET)).uploads().size(), 0);
  }

  static void bulkDelete() throws Exception {
    List<Path> paths = new ArrayList<>();
    for (int i = 0; i < 120; i++) {
      Path path = at("many/" + i + " +%");
      paths.add(path);
    }
    Harness.noErrors(Harness.race(6, lane -> {
      for (int i = lane; i < paths.size(); i += 6) write(fs, paths.get(i), new byte[0]);
    }));
    Harness.same("listed", fs.listStatus(at("many")).length, 120);
    try (var bulk = fs.createBulkDelete(at("many"))) {
      for (int i = 0; i < paths.size(); i += bulk.pageSize()) Harness.same("failed", bulk.bulkDelete(paths.subList(i, Math.min(paths.size(), i + bulk.pageSize()))).size(), 0);
    }
    Harness.same("left", fs.exists(at("many/0 +%")), false);
  }

  static void clean() throws Exception {
    for (var status : fs.listStatus(ROOT)) fs.delete(status.getPath(), true);
    fs.close();
    AwsJava.s3.deleteBucket(r -> r.bucket(BUCKET));
  }

  public static void main(String[] arguments) {
    new Harness("s3a").check("connect", S3a::connect).check("reads, seeks and vectored reads", S3a::readsAndSeeks).check("create in a race, small and in parts", S3a::createRace)
        .check("rename and delete trees", S3a::renameAndDeleteTrees).check("checksums by name", S3a::checksumsByName).check("the parts API", S3a::multipartUploader)
        .check("bulk delete", S3a::bulkDelete).check("clean", S3a::clean).main("Hadoop S3A " + VersionInfo.getVersion() + " on AWS SDK for Java " + software.amazon.awssdk.core.util.VersionInfo.SDK_VERSION);
  }
}
