"""The AWS account around ECS: SNS, SQS, IAM, EC2, ELB, CloudWatch and more, kept by moto."""
