/** The image repository: immutable tags, scanned on push. A stack of its own, since the image must be there before the service. */
import { RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { repositoryName } from '../names.ts';
import type { Keys } from './keys.ts';
import { parleyStack } from './stack.ts';

export interface Registry {
  readonly stack: Stack;
  readonly repository: ecr.Repository;
}

/** Images kept: enough to go back a good many releases. */
const imagesMax = 50;

export function registryStack(scope: Construct, config: Config, keys: Keys): Registry {
  const place = { account: config.workloadAccount, region: config.activeRegion };
  const stack = parleyStack(scope, 'ParleyRegistry', place, 'Parley: container images');
  const repository = new ecr.Repository(stack, 'Images', {
    repositoryName,
    imageTagMutability: ecr.TagMutability.IMMUTABLE,
    imageScanOnPush: true,
    encryption: ecr.RepositoryEncryption.KMS,
    encryptionKey: keys.logs,
    lifecycleRules: [{ maxImageCount: imagesMax }],
    removalPolicy: RemovalPolicy.RETAIN,
  });
  return { stack, repository };
}
