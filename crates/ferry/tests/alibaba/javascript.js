// The cloud's client for JavaScript: an image is copied, waited for, changed, tagged, refused, deleted.
'use strict';
const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const sdk = require('@alicloud/ecs20140526');
const { $OpenApiUtil } = require('@alicloud/openapi-core');

const told = JSON.parse(readFileSync(0, 'utf8'));
const [source, target] = ['cn-hangzhou', 'cn-shanghai'];
const client = new sdk.default(
  new $OpenApiUtil.Config({
    accessKeyId: told.key.id,
    accessKeySecret: told.key.secret,
    endpoint: told.endpoint,
    protocol: 'http',
    regionId: source,
  }),
);

const checked = (what) => console.log(`  ${what}`);

const describe = async (request) =>
  (await client.describeImages(new sdk.DescribeImagesRequest(request))).body;

/** The code and the status of a refusal. */
const refusal = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return [error.code, error.statusCode ?? error.data?.statusCode];
  }
  assert.fail('nothing was refused');
};

/** Polls as people do, until the image is there. */
const available = async (regionId, imageId) => {
  for (let n = 0; n < 300; n += 1) {
    const found = await describe({ regionId, imageId, status: 'Creating,Waiting,Available,UnAvailable,CreateFailed' });
    const [image] = found.images.image;
    assert.ok(['Creating', 'Waiting', 'Available'].includes(image.status), image.status);
    assert.equal(image.progress === '100%', image.status === 'Available');
    if (image.status === 'Available') return image;
    await new Promise((done) => setTimeout(done, 200));
  }
  return assert.fail('the copy did not end within a minute');
};

const story = async () => {
  const regions = (await client.describeRegions(new sdk.DescribeRegionsRequest({}))).body;
  const names = regions.regions.region.map((region) => region.regionId);
  assert.ok(names.includes(source) && names.includes(target), String(names));

  const [web] = (await describe({ regionId: source, imageName: 'web' })).images.image;
  // What a client must encode: its request line leaves `*'()` as they are, its signature does not.
  const description = "复制自 cn-hangzhou：~*'()+/ &=%";
  const asked = await client.copyImage(
    new sdk.CopyImageRequest({
      regionId: source,
      imageId: web.imageId,
      destinationRegionId: target,
      destinationImageName: 'from-javascript',
      destinationDescription: description,
      tag: [new sdk.CopyImageRequestTag({ key: '环境', value: '' })],
      clientToken: 'javascript-1',
    }),
  );
  assert.match(asked.body.imageId, /^m-[0-9a-z]{20}$/);
  assert.match(asked.body.requestId, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  const copied = await available(target, asked.body.imageId);
  assert.equal(copied.imageName, 'from-javascript');
  assert.equal(copied.description, description);
  assert.equal(copied.isCopied, true);
  assert.equal(copied.usable, true);
  assert.deepEqual(copied.tags.tag.map((tag) => [tag.tagKey, tag.tagValue]), [['环境', '']]);
  assert.equal(copied.diskDeviceMappings.diskDeviceMapping.length, 1);
  checked('an image is copied and waited for, with its own name, description and tags');

  const regionId = target;
  const imageId = asked.body.imageId;
  await client.modifyImageAttribute(
    new sdk.ModifyImageAttributeRequest({ regionId, imageId, imageName: 'renamed', description: 'anew' }),
  );
  await client.tagResources(
    new sdk.TagResourcesRequest({
      regionId,
      resourceType: 'image',
      resourceId: [imageId],
      tag: [new sdk.TagResourcesRequestTag({ key: 'Created', value: 'JS' })],
    }),
  );
  await client.untagResources(
    new sdk.UntagResourcesRequest({ regionId, resourceType: 'image', resourceId: [imageId], tagKey: ['环境'] }),
  );
  const tags = (
    await client.listTagResources(
      new sdk.ListTagResourcesRequest({ regionId, resourceType: 'image', resourceId: [imageId] }),
    )
  ).body.tagResources.tagResource;
  assert.deepEqual(tags.map((tag) => [tag.tagKey, tag.tagValue]), [['Created', 'JS']]);
  const [changed] = (await describe({ regionId, imageId })).images.image;
  assert.deepEqual([changed.imageName, changed.description], ['renamed', 'anew']);
  checked('name, description and tags change in place');

  const absent = 'm-00000000000000000000';
  assert.deepEqual((await describe({ regionId, imageId: absent })).images.image, []);
  const remove = (request) => client.deleteImage(new sdk.DeleteImageRequest({ regionId, ...request }));
  assert.deepEqual(await refusal(remove({ imageId: absent })), ['InvalidImageId.NotFound', 404]);
  assert.deepEqual(await refusal(remove({ imageId, dryRun: true })), ['DryRunOperation', 400]);
  const cancelled = client.cancelCopyImage(new sdk.CancelCopyImageRequest({ regionId, imageId }));
  assert.deepEqual(await refusal(cancelled), ['IncorrectImageStatus', 400]);
  await remove({ imageId });
  assert.deepEqual((await describe({ regionId, imageId })).images.image, []);
  checked('what is refused has its code and its status, and what is deleted is gone');
  console.log('the end');
};

story().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
